using FastEndpoints;
using FastKv.Api;
using Microsoft.AspNetCore.Http.Features;

namespace FastKv.Features.Data;

/// <summary>What the operations on data take from a request: the key of the path, and the refusal of a bad key or value.</summary>
internal static class DataRequest
{
    /// <summary>The key in the path.</summary>
    /// <exception cref="RequestRefusedException">It is no key.</exception>
    public static DataKey KeyOf(BinderContext context)
    {
        var target = context.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        return DataKey.TryDecode(target, out var key) ? key : throw InvalidKey();
    }

    public static RequestRefusedException InvalidKey() => new(ApiError.InvalidKey, KeyProblem);

    public static RequestRefusedException InvalidValue() => new(ApiError.InvalidValue, ValueProblem);

    /// <summary>The key is the one that is decided first; the details name the value too if it is bad.</summary>
    public static RequestRefusedException InvalidKey(bool valueToo) =>
        valueToo ? new(ApiError.InvalidKey, KeyProblem, ValueProblem) : InvalidKey();

    private static readonly ErrorDetail KeyProblem = new(
        "key",
        "must be a string of 1 to 512 bytes in UTF-8 without control characters, and not . or .."
    );

    private static readonly ErrorDetail ValueProblem = new("value", "must be a string of 1 byte to 1 MiB in UTF-8");
}
