using FastKv.Api;
using Microsoft.AspNetCore.Http.Features;

namespace FastKv.Features.Data;

/// <summary>What the operations on one entry take from a request's path.</summary>
internal static class DataRequest
{
    private const string Prefix = "/api/data/";

    /// <summary>The key in the path.</summary>
    /// <exception cref="RequestRefusedException">It is no key.</exception>
    public static DataKey KeyOf(HttpContext context) =>
        TryFindKey(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, out var segment)
        && DataKey.TryDecode(segment, out var key)
            ? key
            : throw new RequestRefusedException(ApiError.InvalidKey, new ErrorDetail("key", DataKey.PathForm));

    /// <summary>
    /// What stands behind <c>/api/data/</c> in a target as it came over the wire, without the query. The target may also be a whole
    /// URL (RFC 9112, 3.2.2).
    /// </summary>
    /// <returns>False if the path does not begin so.</returns>
    public static bool TryFindKey(string target, out ReadOnlySpan<char> segment)
    {
        segment = default;
        var path = PathOf(target);
        if (!path.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        segment = path[Prefix.Length..];
        var query = segment.IndexOf('?');
        segment = query < 0 ? segment : segment[..query];
        return true;
    }

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
}
