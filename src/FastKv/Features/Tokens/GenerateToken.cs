using System.Text.Json.Serialization;
using FastEndpoints;
using FastKv.Api;
using FastKv.Auth;
using FastKv.Server;
using FluentValidation;

namespace FastKv.Features.Tokens;

/// <summary>The document's section 2, Generate Token.</summary>
internal sealed class GenerateTokenRequest
{
    [JsonConverter(typeof(LenientStringConverter))]
    public string? Username { get; init; }

    [JsonConverter(typeof(LenientStringConverter))]
    public string? Password { get; init; }
}

internal sealed class GenerateTokenValidator : Validator<GenerateTokenRequest>
{
    public GenerateTokenValidator()
    {
        // White space is not empty.
        RuleFor(request => request.Username)
            .Must(username => !string.IsNullOrEmpty(username))
            .WithError(ApiError.MissingFields, "username", "must be a string that is not empty");
        RuleFor(request => request.Password)
            .Must(password => !string.IsNullOrEmpty(password))
            .WithError(ApiError.MissingFields, "password", "must be a string that is not empty");
    }
}

/// <summary>
/// 200 with a token, or 401; an unknown user and a wrong password get the same answer after the same work. 429 after too many
/// failures, also if this password is right.
/// </summary>
internal sealed class GenerateToken(CredentialVerifier credentials, AccessTokens tokens)
    : Endpoint<GenerateTokenRequest>
{
    public override void Configure()
    {
        Post("/api/token");
        AllowAnonymous();
        DontAutoSendResponse();
        RequestBinder(new JsonBinder<GenerateTokenRequest>(TokenJson.Context.GenerateTokenRequest));
        Description(
            route =>
                route.Documents(
                    new(2, "generateToken", OpenApiTags.Users, "Generate an access token")
                    {
                        Description = "The four operations on data need the token as `Authorization: Bearer <TOKEN>`.",
                        Takes = TokenDocument.TokenRequest,
                        Status = 200,
                        Answers = TokenDocument.TokenResponse,
                        Refuses = [ApiError.MissingFields, ApiError.InvalidCredentials],
                    }
                ),
            clearDefaults: true
        );
    }

    public override async Task HandleAsync(GenerateTokenRequest request, CancellationToken cancellation)
    {
        var attempt = new LoginAttempt(request.Username!, ClientAddress.Of(HttpContext));
        var result = await credentials.VerifyAsync(attempt, request.Password!, cancellation);
        await (
            result switch
            {
                CredentialResult.Right right => IssueAsync(right.User),
                CredentialResult.TooManyAttempts attempts => ApiResponse.TooManyRequestsAsync(
                    HttpContext,
                    attempts.RetryAfterSeconds
                ),
                _ => ApiResponse.ErrorAsync(HttpContext, ApiError.InvalidCredentials),
            }
        );
    }

    private Task IssueAsync(UserCredentials user)
    {
        HttpContext.Response.Headers.CacheControl = "no-store";
        return ApiResponse.WriteAsync(
            HttpContext,
            200,
            new GenerateTokenResponse("success", "Access token generated successfully.", tokens.Issue(user.UserId)),
            TokenJson.Context.GenerateTokenResponse
        );
    }
}

internal sealed record GenerateTokenResponse(string Status, string Message, IssuedToken Data);
