using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Net.Http.Headers;

namespace FastKv.Server;

/// <summary>
/// Lets pages of other origins use the service (https://fetch.spec.whatwg.org, CORS protocol), if
/// <see cref="HttpOptions.AllowedOrigins"/> names any; else there is nothing of it in the pipeline. A token is a header that the page
/// sets itself, so no credentials of the browser's are asked for.
/// </summary>
internal static class CorsSetup
{
    /// <summary>What a page may read beside the headers that it always may.</summary>
    public static readonly string[] ExposedHeaders = [HeaderNames.ETag, HeaderNames.RetryAfter, "Idempotent-Replayed"];

    private static readonly string[] AllowedMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

    private static readonly string[] AllowedHeaders =
    [
        HeaderNames.Authorization,
        HeaderNames.ContentType,
        HeaderNames.IfMatch,
        HeaderNames.IfNoneMatch,
        "Idempotency-Key",
    ];

    /// <summary>For so long a browser need not ask again.</summary>
    private static readonly TimeSpan PreflightMaxAge = TimeSpan.FromMinutes(10);

    public static void AddCors(this IServiceCollection services, HttpOptions http)
    {
        if (http.AllowedOrigins.Length > 0)
        {
            services.AddCors();
        }
    }

    /// <summary>It stands in front of whatever refuses, so that a page can read each refusal.</summary>
    public static void UseCors(this WebApplication app, HttpOptions http)
    {
        if (http.AllowedOrigins.Length == 0)
        {
            return;
        }

        app.Use(
            static (context, next) =>
            {
                context.Response.OnStarting(AddVary, context.Response);
                return next(context);
            }
        );
        app.UseWhen(IsNoPreflightWithBody, branch => branch.UseCors(policy => Allow(policy, http)));
    }

    private static void Allow(CorsPolicyBuilder policy, HttpOptions http) =>
        policy
            .WithOrigins(http.AllowedOrigins)
            .WithMethods(AllowedMethods)
            .WithHeaders(AllowedHeaders)
            .WithExposedHeaders(ExposedHeaders)
            .SetPreflightMaxAge(PreflightMaxAge);

    // A preflight is answered here and has no body. One that pretends to have one goes on to where its end is judged.
    private static bool IsNoPreflightWithBody(HttpContext context) =>
        !HttpMethods.IsOptions(context.Request.Method) || context.Request.Headers.TransferEncoding.Count == 0;

    // Also where the origin was absent or another one: without it a cache would hand that answer to a page that may read it, and
    // then could not.
    private static Task AddVary(object response)
    {
        var headers = ((HttpResponse)response).Headers;
        if (!headers.Vary.Contains(HeaderNames.Origin))
        {
            headers.Vary = headers.Vary.Count == 0 ? HeaderNames.Origin : $"{headers.Vary}, {HeaderNames.Origin}";
        }

        return Task.CompletedTask;
    }
}
