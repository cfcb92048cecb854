using System.Diagnostics;
using System.IO.Pipelines;
using FastKv.Configuration;
using Microsoft.AspNetCore.Http.Features;

namespace FastKv.Server;

/// <summary>
/// Demands <see cref="LimitOptions.MinBytesPerSecond"/> of each request body over HTTP/2, as Kestrel does over HTTP/1.1. Kestrel
/// itself knows one rate for all bodies of an HTTP/2 connection, and ends the connection because of one that drips.
/// </summary>
internal sealed class Http2BodyRateMiddleware(RequestDelegate next, LimitOptions limits)
{
    private readonly TimeSpan grace = TimeSpan.FromSeconds(limits.MinBytesGraceSeconds);

    public Task InvokeAsync(HttpContext context)
    {
        if (
            HttpProtocol.IsHttp2(context.Request.Protocol)
            && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true }
        )
        {
            context.Features.Set<IRequestBodyPipeFeature>(
                new TimedBody(context.Request.BodyReader, limits.MinBytesPerSecond, grace)
            );
        }

        return next(context);
    }

    /// <summary>Counts the time that is spent waiting for the client, and what comes in it.</summary>
    private sealed class TimedBody(PipeReader inner, int bytesPerSecond, TimeSpan grace)
        : PipeReader,
            IRequestBodyPipeFeature
    {
        private TimeSpan waited;
        private long received;
        private long unconsumed;
        private ReadResult last;

        public PipeReader Reader => this;

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var read = inner.ReadAsync(cancellationToken);
            return read.IsCompletedSuccessfully ? new(Count(read.Result)) : WaitAsync(read.AsTask());
        }

        public override bool TryRead(out ReadResult result)
        {
            if (!inner.TryRead(out result))
            {
                return false;
            }

            Count(result);
            return true;
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            unconsumed = last.Buffer.Slice(consumed).Length;
            last = default;
            inner.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        private async ValueTask<ReadResult> WaitAsync(Task<ReadResult> read)
        {
            var start = Stopwatch.GetTimestamp();
            try
            {
                var due = TimeSpan.FromSeconds((double)received / bytesPerSecond);
                var left = (due > grace ? due : grace) - waited;
                return Count(await read.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero));
            }
            catch (TimeoutException)
            {
                // The server uses the pipe again for another stream, so no read may be left behind.
                inner.CancelPendingRead();
                inner.AdvanceTo((await read).Buffer.Start);
                throw new BadHttpRequestException("The body comes too slowly.", StatusCodes.Status408RequestTimeout);
            }
            finally
            {
                waited += Stopwatch.GetElapsedTime(start);
            }
        }

        private ReadResult Count(ReadResult result)
        {
            last = result;
            received += result.Buffer.Length - unconsumed;
            unconsumed = result.Buffer.Length;
            return result;
        }
    }
}
