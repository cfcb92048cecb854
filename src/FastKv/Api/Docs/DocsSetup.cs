using System.Net.Mime;
using System.Reflection;
using System.Text;
using FastKv.Configuration;
using NSwag.AspNetCore;

namespace FastKv.Api.Docs;

/// <summary>
/// The documentation page: Swagger UI on the OpenAPI document, with a small script that keeps the token. All its files are in
/// the program, so it works without the internet.
/// </summary>
internal static class DocsSetup
{
    public const string Path = "/docs";

    private const string SwaggerUI = "NSwag.AspNetCore.SwaggerUi.";

    private static readonly byte[] Welcome = Encoding.UTF8.GetBytes(
        $$$"""{"status":"success","message":"This is FastKv, a key-value store over HTTP.","data":{"version":"{{{ServiceVersion.Text}}}","documentation":"/docs","openapi":"/openapi/v1.json","live":"/health/live","ready":"/health/ready"}}"""
    );

    /// <summary>Serves the page, and at <c>/</c> says where it is.</summary>
    public static void MapDocs(this WebApplication app)
    {
        var own = typeof(DocsSetup).Assembly;
        var swaggerUI = typeof(SwaggerUiSettings).Assembly;
        app.MapFile(Path, own, "docs.html");
        app.MapFile($"{Path}/docs.css", own, "docs.css");
        app.MapFile($"{Path}/docs.js", own, "docs.js");
        app.MapFile($"{Path}/swagger-ui.css", swaggerUI, SwaggerUI + "swagger-ui.css");
        app.MapFile($"{Path}/swagger-ui-bundle.js", swaggerUI, SwaggerUI + "swagger-ui-bundle.js");
        app.MapFile($"{Path}/favicon.png", swaggerUI, SwaggerUI + "favicon-32x32.png");
        app.MapRead("/", WelcomeAsync);
    }

    private static void MapFile(this WebApplication app, string path, Assembly assembly, string resource)
    {
        var file = new Lazy<DocsFile>(() => DocsFile.Load(assembly, resource));
        app.MapRead(path, context => file.Value.WriteAsync(context)).DisableHttpMetrics();
    }

    /// <summary>A browser goes to the page; a program gets the addresses.</summary>
    private static Task WelcomeAsync(HttpContext context)
    {
        context.Response.Headers.Vary = "Accept";
        if (
            context
                .Request.Headers.Accept.ToString()
                .Contains(MediaTypeNames.Text.Html, StringComparison.OrdinalIgnoreCase)
        )
        {
            context.Response.Redirect(Path);
            context.Response.ContentLength = 0;
            return Task.CompletedTask;
        }

        return ApiResponse.WriteAsync(context, 200, Welcome);
    }
}
