using FastKv.Api;
using Microsoft.AspNetCore.Authorization;

namespace FastKv.Auth;

/// <summary>
/// Lets a request through to an endpoint that is not anonymous only with a valid token, and makes its owner the request's
/// user. It stands in the place of ASP.NET's authentication and authorization middleware: there is one scheme, one policy and
/// nothing else to decide, and a request pays for no more.
/// </summary>
internal sealed class BearerTokenMiddleware(RequestDelegate next, AccessTokens tokens)
{
    public Task InvokeAsync(HttpContext context)
    {
        var metadata = context.GetEndpoint()?.Metadata;
        return metadata?.GetMetadata<IAuthorizeData>() is null || metadata.GetMetadata<IAllowAnonymous>() is not null
            ? next(context)
            : AuthenticateAsync(context);
    }

    private Task AuthenticateAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization;
        var caller = header.Count == 1 ? tokens.AuthenticateAsync(header[0]!) : default;
        return caller.IsCompletedSuccessfully
            ? PassAsync(context, caller.Result)
            : PassWhenValidatedAsync(context, caller);
    }

    private async Task PassWhenValidatedAsync(HttpContext context, ValueTask<Caller?> caller) =>
        await PassAsync(context, await caller);

    private Task PassAsync(HttpContext context, Caller? caller)
    {
        if (caller is not null)
        {
            context.User = caller;
            return next(context);
        }

        // RFC 6750, 3: the error is named only when a token was sent.
        var wasSent = context.Request.Headers.Authorization.Count > 0;
        context.Response.Headers.WWWAuthenticate = wasSent ? "Bearer error=\"invalid_token\"" : "Bearer";
        return ApiResponse.ErrorAsync(context, ApiError.InvalidToken);
    }
}

internal static class CallerExtensions
{
    /// <summary>The user whose token came with the request. Only for endpoints that demand one.</summary>
    public static Caller Caller(this HttpContext context) => (Caller)context.User;
}
