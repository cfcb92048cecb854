using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;
using FastKv.Redis;
using FastKv.Server;
using FluentValidation;

namespace FastKv.Features.Tokens;

/// <summary>Who signs in.</summary>
internal sealed class GenerateTokenRequest
{
    /// <summary>The name that was registered, in any case.</summary>
    /// <example>example_user</example>
    [Required, JsonConverter(typeof(LenientStringConverter))]
    public string? Username { get; init; }

    /// <summary>The password that was registered.</summary>
    /// <example>secure_password123</example>
    [Required, DataType(DataType.Password), JsonConverter(typeof(LenientStringConverter))]
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
/// The document's section 2, Generate Token: 200 with a token, or 401; an unknown user and a wrong password get the same answer
/// after the same work. 429 after too many failures, also if this password is right.
/// </summary>
internal sealed class GenerateToken(
    CredentialVerifier credentials,
    SessionStore sessions,
    AccessTokens tokens,
    RedisOptions redis
) : Endpoint<GenerateTokenRequest>
{
    public override void Configure()
    {
        Post("/api/token");
        AllowAnonymous();
        DontAutoSendResponse();
        RequestBinder(new JsonBinder<GenerateTokenRequest>(TokenJson.Context.GenerateTokenRequest));
        Summary(summary =>
        {
            summary.Summary = "Generate an access token";
            summary.Description =
                "The operations on data and on the account need the token as `Authorization: Bearer <TOKEN>`. It begins a session, whose token can be renewed.";
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Tokens)
                .Produces<TokenResponse>(200)
                .ProducesErrors(ApiError.MissingFields, ApiError.InvalidCredentials)
        );
    }

    public override async Task HandleAsync(GenerateTokenRequest request, CancellationToken cancellation)
    {
        var attempt = new LoginAttempt(request.Username!, ClientAddress.Of(HttpContext));
        var deadline = new StoreDeadline(redis.CommandTimeout);
        var result = await credentials.VerifyAsync(attempt, request.Password!, deadline, cancellation);
        await (
            result is CredentialResult.Right right
                ? SignInAsync(right.User, deadline)
                : CredentialAnswer.RefuseAsync(HttpContext, result)
        );
    }

    private async Task SignInAsync(UserCredentials user, StoreDeadline deadline)
    {
        deadline.ThrowIfPassed();
        var session = await deadline.BoundAsync(sessions.BeginAsync(user));
        await (
            session is not null && tokens.Issue(session) is { } token
                ? TokenResponse.WriteAsync(HttpContext, "Access token generated successfully.", token)
                : ApiResponse.ErrorAsync(HttpContext, ApiError.InvalidCredentials)
        );
    }
}
