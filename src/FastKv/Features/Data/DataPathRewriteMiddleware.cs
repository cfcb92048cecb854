using Microsoft.AspNetCore.Http.Features;

namespace FastKv.Features.Data;

/// <summary>
/// Routes <c>/api/data/{key}</c> by the target as it came over the wire: whatever stands there is a key or is refused as none, also
/// what the server's own reading of the path would change or drop (<c>%2E%2E</c>, an empty key, a slash). The key itself is read by
/// <see cref="DataKey.TryDecode"/>; the router gets a path that always fits.
/// </summary>
internal sealed class DataPathRewriteMiddleware(RequestDelegate next)
{
    private static readonly PathString Routed = new("/api/data/-");

    public Task InvokeAsync(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

        // POST /api/data/ is POST /api/data with a slash too many; the other methods have an empty key there.
        if (
            DataRequest.TryFindKey(target, out var segment)
            && !(segment.IsEmpty && HttpMethods.IsPost(context.Request.Method))
        )
        {
            context.Request.Path = Routed;
        }

        return next(context);
    }
}
