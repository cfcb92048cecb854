using System.Diagnostics;
using FastKv.Api;
using FastKv.Configuration;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace FastKv.Server;

/// <summary>
/// Sees to what still comes of a large body after the request was refused, so that the client gets to see the answer.
/// Over HTTP/1.1 it is read (RFC 9112, 9.6). The server would do so, too, but of all such bodies at once and as fast as they come: here
/// each piece takes its turn (<see cref="RequestMemory.DrainTurns"/>), so that small requests do not wait behind hundreds of them.
/// Over HTTP/2 the server resets the stream (RFC 9113, 8.1) and remembers it for a while. On a connection with too many of those it
/// refuses whatever comes (ENHANCE_YOUR_CALM), so that of further bodies the rest is read here before the answer ends.
/// </summary>
internal sealed class RefusedBodyMiddleware(RequestDelegate next, RequestMemory memory)
{
    /// <summary>How long the client may go on sending, as with the server.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>The same over HTTP/2: after that time the server remembers none of the streams that were in the way.</summary>
    private static readonly TimeSpan Http2Limit = ResetStreams.Memory + TimeSpan.FromSeconds(0.5);

    /// <summary>Counts the streams that are reset on each connection of an endpoint for HTTP/2.</summary>
    public static void CoverHttp2(ListenOptions endpoint, LimitOptions limits) =>
        endpoint.Use(next =>
            connection =>
            {
                connection.Features.Set(new ResetStreams(Math.Max(1, limits.Http2MaxStreams * 3 / 4)));
                return next(connection);
            }
        );

    public Task InvokeAsync(HttpContext context) => MayBeLarge(context) ? PassAsync(context) : next(context);

    private static bool MayBeLarge(HttpContext context) =>
        context.Request.ContentLength is { } length
            ? length > RequestMemory.UnreservedBytes
            : context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };

    private async Task PassAsync(HttpContext context)
    {
        await next(context);
        if (context.Response.StatusCode < 400)
        {
            return;
        }

        if (context.Features.Get<ResetStreams>() is { } streams)
        {
            if (!streams.TryAdd() && !await DrainHttp2Async(context))
            {
                streams.Add();
            }
        }
        else if (context.Request.Headers.Expect.Count == 0)
        {
            // Who waits for 100 (Continue) sends no body after a refusal (RFC 9110, 10.1.1).
            await DrainAsync(context);
        }
    }

    private async Task DrainAsync(HttpContext context)
    {
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

    /// <summary>Returns whether the body came to its end, or the client has reset the stream.</summary>
    private async Task<bool> DrainHttp2Async(HttpContext context)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(Http2Limit);
        try
        {
            await RequestBody.DrainAsync(context.Request.BodyReader, memory, deadline.Token);
            return true;
        }
        catch (Exception broken)
            when (broken is BadHttpRequestException or InvalidOperationException or RequestAbortedException)
        {
            return context.RequestAborted.IsCancellationRequested;
        }
    }

    /// <summary>The streams of a connection that were answered before the end of a large body.</summary>
    /// <param name="most">
    /// Somewhat less than may be open: the server remembers twice as many as that, open ones and those that it has not put away yet.
    /// </param>
    private sealed class ResetStreams(int most)
    {
        /// <summary>How long the server remembers one: five seconds, and it looks once a second.</summary>
        public static readonly TimeSpan Memory = TimeSpan.FromSeconds(6.5);

        private readonly Lock gate = new();
        private readonly Queue<long> since = new();

        /// <summary>Takes in one more, if there is room.</summary>
        public bool TryAdd()
        {
            lock (gate)
            {
                while (since.TryPeek(out var first) && Stopwatch.GetElapsedTime(first) > Memory)
                {
                    since.Dequeue();
                }

                if (since.Count >= most)
                {
                    return false;
                }

                since.Enqueue(Stopwatch.GetTimestamp());
                return true;
            }
        }

        /// <summary>Takes in one that could not be helped.</summary>
        public void Add()
        {
            lock (gate)
            {
                since.Enqueue(Stopwatch.GetTimestamp());
            }
        }
    }
}
