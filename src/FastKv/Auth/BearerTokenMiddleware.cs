using FastKv.Api;
using FastKv.Redis;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Features;

namespace FastKv.Auth;

/// <summary>
/// Lets a request through to an endpoint that is not anonymous only with a valid token of a session that has not ended, and makes its
/// owner the request's user. It stands in the place of ASP.NET's authentication and authorization middleware: there is one scheme,
/// one policy and nothing else to decide, and a request pays for no more.
/// </summary>
internal sealed class BearerTokenMiddleware(
    RequestDelegate next,
    AccessTokens tokens,
    SessionStore sessions,
    RedisOptions redis
)
{
    public Task InvokeAsync(HttpContext context)
    {
        var metadata = context.GetEndpoint()?.Metadata;
        return metadata?.GetMetadata<IAuthorizeData>() is null || metadata.GetMetadata<IAllowAnonymous>() is not null
            ? next(context)
            : AuthenticateAsync(context, metadata);
    }

    private Task AuthenticateAsync(HttpContext context, EndpointMetadataCollection metadata)
    {
        var header = context.Request.Headers.Authorization;
        var caller = header.Count == 1 ? tokens.AuthenticateAsync(header[0]!) : default;
        var asksItself = metadata.GetMetadata<SessionCheckMetadata>() is not null;
        return caller.IsCompletedSuccessfully && asksItself
            ? PassAsync(context, caller.Result)
            : PassWhenValidatedAsync(context, caller, asksItself);
    }

    private async Task PassWhenValidatedAsync(HttpContext context, ValueTask<Caller?> validation, bool asksItself)
    {
        var caller = await validation;
        if (caller is not null && !asksItself && await HasEndedAsync(context, caller.Session))
        {
            caller = null;
        }

        await PassAsync(context, caller);
    }

    private async Task<bool> HasEndedAsync(HttpContext context, Session session)
    {
        var deadline = new StoreDeadline(redis.CommandTimeout);
        context.Features.Set(deadline);
        return session.Id is null || await sessions.HasEndedAsync(session, deadline);
    }

    private Task PassAsync(HttpContext context, Caller? caller)
    {
        if (caller is null)
        {
            return ApiResponse.ErrorAsync(context, ApiError.InvalidToken);
        }

        context.User = caller;
        return next(context);
    }
}

/// <summary>Marks an endpoint whose own command to the store tells whether the session has ended, so that it is not asked before.</summary>
internal sealed class SessionCheckMetadata
{
    public static readonly SessionCheckMetadata InStoreCommand = new();
}

internal static class CallerExtensions
{
    /// <summary>The user whose token came with the request. Only for endpoints that demand one.</summary>
    public static Caller Caller(this HttpContext context) => (Caller)context.User;

    /// <summary>
    /// The time that this request may wait for the store, of which the check of its session took a part. Only for endpoints whose
    /// session is checked before them.
    /// </summary>
    public static StoreDeadline StoreDeadline(this HttpContext context) =>
        context.Features.GetRequiredFeature<StoreDeadline>();
}
