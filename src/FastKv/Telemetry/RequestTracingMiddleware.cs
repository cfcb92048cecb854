using System.Diagnostics;
using System.Globalization;

namespace FastKv.Telemetry;

/// <summary>
/// Describes the span that ASP.NET makes for each request, as the semantic conventions for HTTP say
/// (https://opentelemetry.io/docs/specs/semconv/http/http-spans/), with what can't hold anything of a user: in place of the path,
/// which holds a key, stands the template of the route, and there is no query, user agent or client address.
/// OpenTelemetry's instrumentation for ASP.NET records all of these, and works for requests that are not sampled, too.
/// </summary>
internal sealed class RequestTracingMiddleware(RequestDelegate next)
{
    /// <summary>The source of the spans.</summary>
    public const string Source = "Microsoft.AspNetCore";

    /// <summary>What is asked by machines and readers, and tells nothing about the work of the service.</summary>
    private static readonly PathString[] Unobserved = ["/health", "/docs", "/openapi", "/metrics"];

    /// <summary>The trace of the requests that the service sends to itself while it warms up, which nobody wants to see.</summary>
    public static readonly ActivityTraceId WarmUpTrace = ActivityTraceId.CreateRandom();

    public static bool IsUnobserved(PathString path) =>
        Array.Exists(Unobserved, unobserved => path.StartsWithSegments(unobserved));

    /// <summary>The template of the route; null if there is none.</summary>
    public static string? RouteOf(HttpContext context) =>
        (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;

    public Task InvokeAsync(HttpContext context) =>
        Activity.Current is { Recorded: true } span ? RecordAsync(context, span) : next(context);

    private async Task RecordAsync(HttpContext context, Activity span)
    {
        if (IsUnobserved(context.Request.Path) || span.TraceId == WarmUpTrace)
        {
            span.IsAllDataRequested = false;
            span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            await next(context);
            return;
        }

        await next(context);
        Describe(span, context);
    }

    private static void Describe(Activity span, HttpContext context)
    {
        var (request, status) = (context.Request, context.Response.StatusCode);
        var route = RouteOf(context);
        var method = MethodOf(request);
        span.DisplayName = $"{method ?? "HTTP"} {route}".TrimEnd();
        span.SetTag("http.request.method", method ?? "_OTHER")
            .SetTag("http.route", route)
            .SetTag("http.response.status_code", status)
            .SetTag("url.scheme", request.Scheme)
            .SetTag("url.path", route)
            .SetTag("network.protocol.version", request.Protocol.Replace("HTTP/", "", StringComparison.Ordinal));
        if (request.Host.HasValue)
        {
            span.SetTag("server.address", request.Host.Host).SetTag("server.port", request.Host.Port);
        }

        if (status >= 500)
        {
            span.SetTag("error.type", status.ToString(CultureInfo.InvariantCulture))
                .SetStatus(ActivityStatusCode.Error);
        }
    }

    /// <summary>Null if it is none that HTTP knows (RFC 9110, 9, and RFC 5789): a client may send any word.</summary>
    public static string? MethodOf(HttpRequest request) =>
        HttpMethods.GetCanonicalizedValue(request.Method) is var method
        && (
            HttpMethods.IsGet(method)
            || HttpMethods.IsPost(method)
            || HttpMethods.IsPut(method)
            || HttpMethods.IsDelete(method)
            || HttpMethods.IsHead(method)
            || HttpMethods.IsOptions(method)
            || HttpMethods.IsPatch(method)
            || HttpMethods.IsConnect(method)
            || HttpMethods.IsTrace(method)
        )
            ? method
            : null;
}
