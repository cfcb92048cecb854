using Microsoft.AspNetCore.Http.Features;

namespace FastKv.Features.Data;

/// <summary>
/// Routes <c>/api/data/{key}</c> by the target as it came over the wire: whatever stands behind the last slash is a key, also
/// what the server's own reading of the path would change or drop (<c>%2E%2E</c>, an empty key). The key itself is read by
/// <see cref="DataKey.TryDecode"/>; the router gets a path that always fits.
/// </summary>
internal sealed class DataPathRewriteMiddleware(RequestDelegate next)
{
    private const string Prefix = "/api/data/";
    private static readonly PathString Routed = new(Prefix + "-");

    public Task InvokeAsync(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var path = PathOf(target);
        if (
            path.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            && IsKey(context.Request.Method, path[Prefix.Length..])
        )
        {
            context.Request.Path = Routed;
        }

        return next(context);
    }

    /// <summary>The path and the query of a target, which may also be a whole URL (RFC 9112, 3.2.2).</summary>
    private static ReadOnlySpan<char> PathOf(string target)
    {
        const string AfterScheme = "://";
        var path = target.AsSpan();
        if (path.StartsWith('/') || path.IndexOf(AfterScheme) is not (>= 0 and var scheme))
        {
            return path;
        }

        path = path[(scheme + AfterScheme.Length)..];
        return path.IndexOf('/') is >= 0 and var start ? path[start..] : [];
    }

    private static bool IsKey(string method, ReadOnlySpan<char> segment)
    {
        var query = segment.IndexOf('?');
        if (query >= 0)
        {
            segment = segment[..query];
        }

        // POST /api/data/ is POST /api/data with a slash too many; the other methods have an empty key there.
        return !segment.Contains('/') && !(segment.IsEmpty && HttpMethods.IsPost(method));
    }
}
