using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace FastKv.Api;

/// <summary>
/// What does not change while the program runs: sent as it is or as gzip (RFC 1952), and not again to a client that has it
/// (RFC 9110, 13.1.2).
/// </summary>
internal sealed class StaticContent
{
    private readonly string contentType;
    private readonly byte[] plain;
    private readonly byte[] compressed;

    // Weak: it is one for both codings.
    private readonly EntityTagHeaderValue tag;
    private readonly string tagText;

    public StaticContent(string contentType, byte[] content)
    {
        this.contentType = contentType;
        plain = content;
        compressed = Compress(content);
        tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content)[..8])}\"", isWeak: true);
        tagText = tag.ToString();
    }

    /// <summary>Answers with it, or with 304 if the client has it.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        var (request, response) = (context.Request.GetTypedHeaders(), context.Response);
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-cache";
        response.Headers.ETag = tagText;
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (request.IfNoneMatch.Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, false)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var body = plain;
        if (request.AcceptEncoding.Any(coding => coding.Value == "gzip" && coding.Quality is null or > 0))
        {
            body = compressed;
            response.Headers.ContentEncoding = "gzip";
        }

        response.ContentType = contentType;
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return compressed.ToArray();
    }
}
