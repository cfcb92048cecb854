using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;
using FastKv.Api;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.WebUtilities;

namespace FastKv.Server;

/// <summary>
/// Gives the envelope to requests that Kestrel rejects before there is an application to ask: a broken request line, a NUL in
/// the path, headers that are too large or too slow. Kestrel announces each as a diagnostic event and then sends a status
/// without a body; this sends an answer with one instead, and drops what Kestrel sends.
/// </summary>
internal sealed class RejectedRequestResponder(DiagnosticListener diagnostics, HttpOptions options)
    : IHostedService,
        IObserver<KeyValuePair<string, object?>>
{
    private const string BadRequest = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

    private IDisposable? subscription;

    /// <summary>Lets the answers of this class reach the connections of an endpoint.</summary>
    public static void Cover(ListenOptions endpoint) =>
        endpoint.Use(
            (connection, next) =>
            {
                var output = new Output(connection.Transport.Output);
                connection.Transport = new Transport(connection.Transport.Input, output);
                connection.Features.Set(output);
                return next(connection);
            }
        );

    /// <summary>Gives the envelope to a request over HTTP/1.x on a port for HTTP/2, which Kestrel refuses in plain text.</summary>
    public static void CoverHttp2(ListenOptions endpoint) =>
        endpoint.Use(
            (connection, next) =>
            {
                connection.Transport = new Transport(
                    connection.Transport.Input,
                    new Http2Output(connection.Transport.Output)
                );
                return next(connection);
            }
        );

    public Task StartAsync(CancellationToken cancellationToken)
    {
        subscription = diagnostics.Subscribe(this, static name => name == BadRequest);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        subscription?.Dispose();
        return Task.CompletedTask;
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (
            value is { Key: BadRequest, Value: IFeatureCollection features }
            && features.Get<IHttpResponseFeature>() is { HasStarted: false } response
            && features.Get<ITlsHandshakeFeature>() is null
            && features.Get<Output>() is { } output
        )
        {
            var request = features.Get<IHttpRequestFeature>();
            output.ReplaceWith(AnswerOf(response.StatusCode, request?.RawTarget ?? "", CorsHeaders(request)));
        }
    }

    public void OnCompleted() { }

    public void OnError(Exception error) { }

    /// <summary>As the middleware would have it, if the origin came before what is wrong.</summary>
    private string CorsHeaders(IHttpRequestFeature? request)
    {
        if (options.AllowedOrigins.Length == 0)
        {
            return "";
        }

        var origin =
            options.AllowsAnyOrigin ? options.AllowedOrigins[0]
            : request?.Headers.Origin.ToString() is { } sent && options.AllowedOrigins.Contains(sent) ? sent
            : null;
        return "Vary: Origin\r\n"
            + (
                origin is null
                    ? ""
                    : $"Access-Control-Allow-Origin: {origin}\r\nAccess-Control-Expose-Headers: {string.Join(',', CorsSetup.ExposedHeaders)}\r\n"
            );
    }

    private static byte[] AnswerOf(int status, string target, string headers = "")
    {
        // An unknown HTTP version (505) is the client's mistake like the others, and so is a target of another form than the method
        // has (405, for which there is no Allow to name).
        status = status is 405 or >= 500 ? 400 : status;
        var error = status == 400 && FieldEncoding.HasNulInKey(target) ? ApiError.InvalidKey : ApiError.InvalidRequest;
        var body = ApiResponse.ErrorBody(error, null, null);
        var head =
            $"HTTP/1.1 {status} {ReasonPhrases.GetReasonPhrase(status)}\r\nContent-Type: {ApiResponse.ContentType}\r\n"
            + $"Content-Length: {body.Length}\r\n{headers}Connection: close\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>What a connection sends.</summary>
    private abstract class PassingOutput(PipeWriter inner) : PipeWriter
    {
        protected PipeWriter Inner { get; } = inner;

        public override bool CanGetUnflushedBytes => Inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => Inner.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => Inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => Inner.GetSpan(sizeHint);

        public override void Advance(int bytes) => Inner.Advance(bytes);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            Inner.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => Inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => Inner.Complete(exception);
    }

    /// <summary>Frames are written into its memory; only the words for HTTP/1.x come as a whole.</summary>
    private sealed class Http2Output(PipeWriter inner) : PassingOutput(inner)
    {
        public override ValueTask<FlushResult> WriteAsync(
            ReadOnlyMemory<byte> source,
            CancellationToken cancellationToken = default
        ) =>
            Inner.WriteAsync(
                source.Span.StartsWith("HTTP/1."u8) ? AnswerOf(StatusCodes.Status400BadRequest, "") : source,
                cancellationToken
            );
    }

    /// <summary>Its rest can be replaced by one last answer.</summary>
    private sealed class Output(PipeWriter inner) : PassingOutput(inner)
    {
        private byte[]? dropped;

        public void ReplaceWith(ReadOnlySpan<byte> answer)
        {
            Inner.Write(answer);
            dropped = new byte[4096];
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) =>
            dropped is null ? base.GetMemory(sizeHint) : Dropped(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) =>
            dropped is null ? base.GetSpan(sizeHint) : Dropped(sizeHint);

        public override void Advance(int bytes)
        {
            if (dropped is null)
            {
                base.Advance(bytes);
            }
        }

        private byte[] Dropped(int sizeHint) => dropped!.Length >= sizeHint ? dropped : dropped = new byte[sizeHint];
    }
}
