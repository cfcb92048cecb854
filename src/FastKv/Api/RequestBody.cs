using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Unicode;

namespace FastKv.Api;

/// <summary>
/// Reads request bodies that must be JSON in UTF-8, within a limit. What a larger one may take of the memory is reserved before
/// it is read.
/// </summary>
internal static class RequestBody
{
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
        using var transfer = new BodyTransfer(context, maximumLength, maximumLength, cancellation);
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
        using var transfer = new BodyTransfer(context, maximumLength, maximumKept, cancellation);
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
        BodyPipe.Advance(request.BodyReader, body.End, body.End);

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
        catch (Exception broken) when (BodyPipe.IsBroken(broken))
        {
            throw BodyPipe.Fault(broken);
        }
    }

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
}
