using System.Net.Mime;
using System.Reflection;

namespace FastKv.Api.Docs;

/// <summary>A file of the documentation page, from the resources of an assembly.</summary>
internal sealed class DocsFile
{
    // Everything comes from the service itself, nothing is run that is not in a file, and nobody may frame the page. Swagger UI
    // sets styles in markup and draws its icons from data URLs.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly StaticContent content;

    private DocsFile(StaticContent content) => this.content = content;

    /// <param name="assembly">Where it is.</param>
    /// <param name="resource">Its name there; the ending tells the content type.</param>
    public static DocsFile Load(Assembly assembly, string resource)
    {
        using var stream = assembly.GetManifestResourceStream(resource)!;
        using var kept = new MemoryStream();
        stream.CopyTo(kept);
        return new DocsFile(new StaticContent(TypeOf(resource), kept.ToArray()));
    }

    /// <summary>Answers with the file, or with 304 if the client has it.</summary>
    public Task WriteAsync(HttpContext context)
    {
        context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        return content.WriteAsync(context);
    }

    private static string TypeOf(string name) =>
        Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            _ => MediaTypeNames.Image.Png,
        };
}
