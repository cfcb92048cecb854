using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;
using FastKv.Telemetry;

namespace FastKv.Features.Tokens;

/// <summary>
/// A new token of the same session: 200, without a password and its hash. The old one lives on until its end. 401 once the session
/// is older than a session may be.
/// </summary>
internal sealed class RenewToken(AccessTokens tokens) : EndpointWithoutRequest
{
    public override void Configure()
    {
        Post("/api/token/renew");
        DontAutoSendResponse();
        Summary(summary =>
        {
            summary.Summary = "Renew an access token";
            summary.Description =
                "With a token that is still valid. The old one lives on until its end; a session ends a while after its sign-in, "
                + "30 days by default.";
        });
        Description(route => route.WithTags(OpenApiTags.Tokens).Produces<TokenResponse>(200).ProducesErrors());
    }

    public override Task HandleAsync(CancellationToken cancellation)
    {
        if (tokens.Issue(HttpContext.Caller().Session) is not { } token)
        {
            return ApiResponse.ErrorAsync(HttpContext, ApiError.InvalidToken);
        }

        Instruments.CountRenewedToken();
        return TokenResponse.WriteAsync(HttpContext, "Access token renewed successfully.", token);
    }
}
