using System.Diagnostics;

namespace FastKv.Telemetry;

/// <summary>
/// A line for each request: method, template of the route, status, milliseconds and bytes of the answer; never a path, which holds a
/// key. In the category <c>FastKv.AccessLog</c>, off unless <c>FastKv__Http__AccessLog</c> or the level of the category says so.
/// </summary>
internal sealed partial class AccessLogMiddleware(RequestDelegate next, ILoggerFactory loggers)
{
    public const string Category = "FastKv.AccessLog";

    private readonly ILogger logger = loggers.CreateLogger(Category);

    public Task InvokeAsync(HttpContext context) =>
        logger.IsEnabled(LogLevel.Information) && !RequestTracingMiddleware.IsUnobserved(context.Request.Path)
            ? LogAsync(context)
            : next(context);

    private async Task LogAsync(HttpContext context)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            var (request, response) = (context.Request, context.Response);
            var isGone = context.RequestAborted.IsCancellationRequested && !response.HasStarted;
            var method = RequestTracingMiddleware.MethodOf(request) ?? "_OTHER";
            var route = RequestTracingMiddleware.RouteOf(context) ?? "-";
            var milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            var bytes = HttpMethods.IsHead(request.Method) ? 0 : response.ContentLength ?? 0;
            LogRequest(method, route, isGone ? 0 : response.StatusCode, milliseconds, bytes);
        }
    }

    // The status is 0 where the client went away before it was answered.
    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Method} {Route} {Status} {Milliseconds:0.000} ms {Bytes} B"
    )]
    private partial void LogRequest(string method, string route, int status, double milliseconds, long bytes);
}
