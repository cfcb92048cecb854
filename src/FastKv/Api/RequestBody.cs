using System.Buffers;
using System.IO.Pipelines;
using System.Security.Claims;
using System.Text.Json;
using System.Text.Unicode;

namespace FastKv.Api;

/// <summary>
/// Reads request bodies that must be JSON in UTF-8, within a limit. What a larger one may take of the memory is reserved before
/// it is read.
/// </summary>
internal static class RequestBody
{
    /// <summary>Bytes that a reader holds beside what it keeps: a part of a token, and the server's buffer.</summary>
    private const int OverheadLength = 64 * 1024;

    /// <summary>
    /// Reads the whole body. The memory belongs to the request's pipe: use it before the next read, and release it with
    /// <see cref="Release"/>.
    /// </summary>
    /// <exception cref="RequestRefusedException">Wrong content type, too long, or no memory for it now.</exception>
    /// <exception cref="RequestAbortedException">The client is gone.</exception>
    public static async ValueTask<ReadOnlySequence<byte>> ReadAsync(
        HttpContext context,
        int maximumLength,
        CancellationToken cancellation
    )
    {
        using var transfer = new Transfer(context, maximumLength, maximumLength, cancellation);
        while (true)
        {
            var result = await transfer.ReadAsync();
            if (result.IsCompleted)
            {
                return result.Buffer;
            }

            transfer.Advance(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>Reads the body as it arrives, so that no more of it is held than <paramref name="sink"/> keeps.</summary>
    /// <param name="context">The request.</param>
    /// <param name="sink">Who takes its tokens.</param>
    /// <param name="maximumLength">Bytes of the body.</param>
    /// <param name="maximumKept">Bytes that <paramref name="sink"/> keeps at most, and not more than the body has.</param>
    /// <param name="cancellation">The client is gone.</param>
    /// <exception cref="RequestRefusedException">
    /// Wrong content type, too long, no memory for it now, or no JSON in UTF-8.
    /// </exception>
    /// <exception cref="RequestAbortedException">The client is gone.</exception>
    public static async ValueTask ReadAsync(
        HttpContext context,
        IJsonTokenSink sink,
        int maximumLength,
        int maximumKept,
        CancellationToken cancellation
    )
    {
        using var transfer = new Transfer(context, maximumLength, maximumKept, cancellation);
        var json = new JsonStreamReader(sink);
        var isJson = true;
        var mark = new ByteOrderMark();
        while (true)
        {
            var result = await transfer.ReadAsync();
            mark.Look(result.Buffer, transfer.Consumed);
            var consumed = result.Buffer.End;
            try
            {
                // What is no JSON is read to its end all the same: it may be too long, too, and the client is still sending.
                consumed = isJson ? json.Read(result.Buffer, result.IsCompleted) : consumed;
            }
            catch (JsonException)
            {
                isJson = false;
            }

            transfer.Consumed += result.Buffer.Slice(0, consumed).Length;
            transfer.Advance(consumed, result.Buffer.End);
            if (result.IsCompleted)
            {
                break;
            }
        }

        if (!isJson)
        {
            throw mark.IsThere ? NotWithMark() : NotAnObject();
        }
    }

    /// <summary>Gives the memory of a body back.</summary>
    /// <exception cref="RequestAbortedException">The client is gone.</exception>
    public static void Release(HttpRequest request, in ReadOnlySequence<byte> body) =>
        Advance(request.BodyReader, body.End, body.End);

    /// <summary>Reads what still comes of a body and throws it away, each piece in its turn.</summary>
    /// <exception cref="RequestAbortedException">The client is gone, or it was cancelled.</exception>
    /// <exception cref="BadHttpRequestException">What comes is no body.</exception>
    public static async Task DrainAsync(PipeReader reader, RequestMemory memory, CancellationToken cancellation)
    {
        try
        {
            ReadResult result;
            do
            {
                result = await reader.ReadAsync(cancellation);
                using var turn = await memory.DrainTurns.TakeAsync(CancellationToken.None);
                reader.AdvanceTo(result.Buffer.End);
            } while (!result.IsCompleted);
        }
        catch (Exception broken) when (IsBroken(broken))
        {
            throw Broken(broken);
        }
    }

    private static void Advance(PipeReader reader, SequencePosition consumed, SequencePosition examined)
    {
        try
        {
            reader.AdvanceTo(consumed, examined);
        }
        catch (Exception broken) when (IsBroken(broken))
        {
            throw Broken(broken);
        }
    }

    // Any use of the reader may tell that the client is gone, in one of these ways.
    private static bool IsBroken(Exception exception) =>
        exception is (IOException or OperationCanceledException) and not BadHttpRequestException;

    // The server has no kinder word for a chunk size that overflows.
    private static Exception Broken(Exception broken) =>
        broken.InnerException is OverflowException
            ? new BadHttpRequestException("The size of a chunk can't be read.", broken)
            : new RequestAbortedException(broken);

    /// <summary>The refusal of a body that is not a JSON object (RFC 8259).</summary>
    public static RequestRefusedException NotAnObject() =>
        new(ApiError.InvalidRequest, new ErrorDetail("body", "must be one JSON object in UTF-8"));

    /// <summary>The same of a body that is there as a whole.</summary>
    public static RequestRefusedException NotAnObject(in ReadOnlySequence<byte> body)
    {
        var mark = new ByteOrderMark();
        mark.Look(body, 0);
        return mark.IsThere ? NotWithMark() : NotAnObject();
    }

    // RFC 8259, 8.1. Editors and some libraries write one, and nobody sees it.
    private static RequestRefusedException NotWithMark() =>
        new(ApiError.InvalidRequest, new ErrorDetail("body", "must not begin with a byte order mark (EF BB BF)"));

    /// <summary>Whether every byte is part of well-formed UTF-8 (RFC 3629).</summary>
    public static bool IsUtf8(in ReadOnlySequence<byte> body) =>
        body.IsSingleSegment ? Utf8.IsValid(body.FirstSpan) : Utf8.IsValid(body.ToArray());

    /// <summary>The bytes of a body on their way in, with all the limits that they have.</summary>
    private sealed class Transfer : IDisposable
    {
        private readonly HttpContext context;
        private readonly int maximumLength;
        private readonly int maximumKept;
        private readonly CancellationToken cancellation;
        private RequestMemory? memory;
        private CancellationTokenSource? deadline;
        private Turns.Turn? turn;

        public Transfer(HttpContext context, int maximumLength, int maximumKept, CancellationToken cancellation)
        {
            this.context = context;
            this.maximumLength = maximumLength;
            this.maximumKept = maximumKept;
            this.cancellation = cancellation;
            if (!IsJson(context.Request.ContentType) || IsEncoded(context.Request.Headers))
            {
                throw new RequestRefusedException(ApiError.UnsupportedMediaType);
            }

            if (context.Request.ContentLength > maximumLength)
            {
                throw new RequestRefusedException(ApiError.PayloadTooLarge);
            }

            if (context.Request.ContentLength is > RequestMemory.UnreservedBytes and var length)
            {
                Reserve(Math.Min(length, maximumKept));
            }
        }

        /// <summary>Bytes that were read and will not come again.</summary>
        public long Consumed { get; set; }

        /// <summary>The next bytes, and those before them that were not consumed.</summary>
        public async ValueTask<ReadResult> ReadAsync()
        {
            var result = await ReadPieceAsync();
            var received = Consumed + result.Buffer.Length;
            try
            {
                if (received > maximumLength)
                {
                    throw new RequestRefusedException(ApiError.PayloadTooLarge);
                }

                if (deadline is null && received > RequestMemory.UnreservedBytes)
                {
                    // Its length was not told.
                    Reserve(maximumKept);
                }
            }
            catch (RequestRefusedException)
            {
                Advance(result.Buffer.End, result.Buffer.End);
                throw;
            }

            if (memory is not null)
            {
                turn = await memory.Turns.TakeAsync(CancellationToken.None);
            }

            return result;
        }

        /// <summary>Gives back what is consumed; what was examined and not consumed comes again.</summary>
        public void Advance(SequencePosition consumed, SequencePosition examined)
        {
            EndTurn();
            RequestBody.Advance(context.Request.BodyReader, consumed, examined);
        }

        public void Dispose()
        {
            EndTurn();
            deadline?.Dispose();
        }

        private void EndTurn()
        {
            turn?.Dispose();
            turn = null;
        }

        private void Reserve(long bytes)
        {
            memory = context.RequestServices.GetRequiredService<RequestMemory>();
            var userId = context.User.FindFirstValue("sub") ?? "";
            context.Response.RegisterForDispose(memory.Bodies.Reserve(userId, bytes + OverheadLength));
            deadline = RequestMemory.NewDeadline(cancellation);
        }

        private async ValueTask<ReadResult> ReadPieceAsync()
        {
            try
            {
                return await context.Request.BodyReader.ReadAsync(deadline?.Token ?? cancellation);
            }
            catch (OperationCanceledException)
                when (deadline is { IsCancellationRequested: true } && !cancellation.IsCancellationRequested)
            {
                throw new BadHttpRequestException("The body came too slowly.", StatusCodes.Status408RequestTimeout);
            }
            catch (Exception broken) when (IsBroken(broken))
            {
                throw Broken(broken);
            }
        }
    }

    /// <summary>Whether it is declared as JSON in UTF-8, in any way that RFC 9110, 8.3.1 and 5.6.6 allow, and as utf8 too.</summary>
    private static bool IsJson(string? contentType)
    {
        const string Json = "application/json";
        if (string.Equals(contentType, Json, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var parts = (contentType ?? "").Split(';', StringSplitOptions.TrimEntries);
        return string.Equals(parts[0], Json, StringComparison.OrdinalIgnoreCase) && parts[1..].All(IsNoOtherCharset);
    }

    private static bool IsNoOtherCharset(string parameter)
    {
        var (name, value) = parameter.Split('=', 2, StringSplitOptions.TrimEntries) is [var left, var right]
            ? (left, right.Trim('"'))
            : (parameter, null);
        return !string.Equals(name, "charset", StringComparison.OrdinalIgnoreCase)
            || string.Equals(value, "utf-8", StringComparison.OrdinalIgnoreCase)
            || string.Equals(value, "utf8", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>RFC 9110, 8.4: identity is no coding.</summary>
    private static bool IsEncoded(IHeaderDictionary headers) =>
        headers.ContentEncoding is { Count: > 0 } codings
        && codings.ToString().Trim() is not "" and var coding
        && !string.Equals(coding, "identity", StringComparison.OrdinalIgnoreCase);

    /// <summary>Looks for a byte order mark (U+FEFF in UTF-8) in the first bytes of a body, which may come one by one.</summary>
    private struct ByteOrderMark
    {
        private static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

        private long seen;
        private int matched;

        public readonly bool IsThere => matched == Mark.Length;

        /// <param name="bytes">A part of the body.</param>
        /// <param name="offset">Bytes of the body before it; some of it may have been seen.</param>
        public void Look(in ReadOnlySequence<byte> bytes, long offset)
        {
            while (seen < Mark.Length && seen - offset < bytes.Length)
            {
                matched += bytes.Slice(seen - offset).FirstSpan[0] == Mark[(int)seen] ? 1 : 0;
                seen++;
            }
        }
    }
}
