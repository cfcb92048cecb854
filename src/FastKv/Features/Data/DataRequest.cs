using FastKv.Api;
using Microsoft.AspNetCore.Http.Features;

namespace FastKv.Features.Data;

/// <summary>What the operations on one entry take from a request's path.</summary>
internal static class DataRequest
{
    /// <summary>The key in the path.</summary>
    /// <exception cref="RequestRefusedException">It is no key.</exception>
    public static DataKey KeyOf(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        return DataKey.TryDecode(target, out var key)
            ? key
            : throw new RequestRefusedException(ApiError.InvalidKey, new ErrorDetail("key", DataKey.Form));
    }
}
