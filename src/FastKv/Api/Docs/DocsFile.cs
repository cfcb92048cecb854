using System.IO.Compression;
using System.Net.Mime;
using System.Reflection;
using System.Security.Cryptography;

namespace FastKv.Api.Docs;

/// <summary>A file of the documentation page, from the resources of an assembly: as it is, and as gzip (RFC 1952).</summary>
internal sealed class DocsFile
{
    // Everything comes from the service itself, nothing is run that is not in a file, and nobody may frame the page. Swagger UI
    // sets styles in markup and draws its icons from data URLs.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly string contentType;
    private readonly byte[] plain;
    private readonly byte[] compressed;
    private readonly string tag;

    private DocsFile(string contentType, byte[] plain, byte[] compressed)
    {
        this.contentType = contentType;
        this.plain = plain;
        this.compressed = compressed;
        tag = $"W/\"{Convert.ToHexStringLower(SHA256.HashData(plain)[..8])}\"";
    }

    /// <param name="assembly">Where it is.</param>
    /// <param name="resource">Its name there; the ending tells the content type.</param>
    public static DocsFile Load(Assembly assembly, string resource)
    {
        using var stream = assembly.GetManifestResourceStream(resource)!;
        using var kept = new MemoryStream();
        stream.CopyTo(kept);
        var bytes = kept.ToArray();
        return new DocsFile(TypeOf(resource), bytes, Compress(bytes));
    }

    /// <summary>Answers with the file, or with 304 if the client has it.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.CacheControl = "no-cache";
        response.Headers.ETag = tag;
        response.Headers.Vary = "Accept-Encoding";
        if (context.Request.Headers.IfNoneMatch == tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var body = plain;
        if (TakesGzip(context.Request))
        {
            body = compressed;
            response.Headers.ContentEncoding = "gzip";
        }

        response.ContentType = contentType;
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static bool TakesGzip(HttpRequest request) =>
        request.GetTypedHeaders().AcceptEncoding.Any(coding => coding.Value == "gzip" && coding.Quality is null or > 0);

    private static string TypeOf(string name) =>
        Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            _ => MediaTypeNames.Image.Png,
        };

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
