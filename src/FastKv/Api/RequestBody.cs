using System.Buffers;
using System.IO.Pipelines;
using System.Net.Http.Headers;
using System.Text.Unicode;

namespace FastKv.Api;

/// <summary>Reads a whole request body that must be JSON in UTF-8, within a limit.</summary>
internal static class RequestBody
{
    /// <summary>
    /// Reads the body. The memory belongs to the request's pipe: use it before the next read, and release it with
    /// <see cref="Release"/>.
    /// </summary>
    /// <exception cref="RequestRefusedException">Wrong content type, too long, or not UTF-8.</exception>
    /// <exception cref="RequestAbortedException">The client is gone.</exception>
    public static async ValueTask<ReadOnlySequence<byte>> ReadAsync(
        HttpRequest request,
        int maximumLength,
        CancellationToken cancellation
    )
    {
        if (!IsJson(request.ContentType))
        {
            throw new RequestRefusedException(ApiError.UnsupportedMediaType);
        }

        if (request.ContentLength > maximumLength)
        {
            throw new RequestRefusedException(ApiError.PayloadTooLarge);
        }

        var reader = request.BodyReader;
        ReadResult result;
        while (true)
        {
            try
            {
                result = await reader.ReadAsync(cancellation);
            }
            catch (Exception broken) when (IsBroken(broken))
            {
                throw Broken(broken);
            }

            if (result.Buffer.Length > maximumLength)
            {
                reader.AdvanceTo(result.Buffer.End);
                throw new RequestRefusedException(ApiError.PayloadTooLarge);
            }

            if (result.IsCompleted)
            {
                return result.Buffer;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>Gives the memory of a body back.</summary>
    /// <exception cref="RequestAbortedException">The client is gone.</exception>
    public static void Release(HttpRequest request, in ReadOnlySequence<byte> body)
    {
        try
        {
            request.BodyReader.AdvanceTo(body.End);
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

    /// <summary>Whether every byte is part of well-formed UTF-8 (RFC 3629).</summary>
    public static bool IsUtf8(in ReadOnlySequence<byte> body) =>
        body.IsSingleSegment ? Utf8.IsValid(body.FirstSpan) : Utf8.IsValid(body.ToArray());

    private static bool IsJson(string? contentType)
    {
        if (string.Equals(contentType, "application/json", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        return MediaTypeHeaderValue.TryParse(contentType, out var parsed)
            && string.Equals(parsed.MediaType, "application/json", StringComparison.OrdinalIgnoreCase)
            && (
                parsed.CharSet is null
                || string.Equals(parsed.CharSet.Trim('"'), "utf-8", StringComparison.OrdinalIgnoreCase)
            );
    }
}
