using FastKv.Api;

namespace FastKv.Server;

/// <summary>
/// Reads what still comes of a large body after the request was refused, so that the client gets to see the answer (RFC 9112, 9.6).
/// The server would do so, too, but of all such bodies at once and as fast as they come: here each piece takes its turn
/// (<see cref="RequestMemory.TakeTurnAsync"/>), so that small requests do not wait behind hundreds of them. Over HTTP/2 the stream is
/// reset instead.
/// </summary>
internal sealed class RefusedBodyMiddleware(RequestDelegate next, RequestMemory memory)
{
    /// <summary>How long the client may go on sending, as with the server.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public Task InvokeAsync(HttpContext context) => MayBeLarge(context.Request) ? PassAsync(context) : next(context);

    private static bool MayBeLarge(HttpRequest request) =>
        (request.ContentLength > RequestMemory.UnreservedBytes || request.Headers.TransferEncoding.Count > 0)
        && !HttpProtocol.IsHttp2(request.Protocol);

    private async Task PassAsync(HttpContext context)
    {
        await next(context);

        // Who waits for 100 (Continue) sends no body after a refusal (RFC 9110, 10.1.1).
        if (context.Response.StatusCode < 400 || context.Request.Headers.Expect.Count > 0)
        {
            return;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(Limit);
        try
        {
            await context.Response.CompleteAsync();
            await RequestBody.DrainAsync(context.Request.BodyReader, memory, deadline.Token);
        }
        catch (Exception broken) when (broken is BadHttpRequestException or InvalidOperationException)
        {
            // What comes is no body: where the next request would begin is not known.
            ErrorHandlingMiddleware.EndConnection(context);
        }
        catch (Exception gone) when (gone is RequestAbortedException or OperationCanceledException or IOException)
        {
            // The client is gone, or goes on for too long.
            ErrorHandlingMiddleware.Leave(context);
        }
    }
}
