using System.Text.Json.Serialization;
using FastEndpoints;
using FastKv.Api;
using FastKv.Auth;
using FastKv.Server;
using FluentValidation;

namespace FastKv.Features.Users;

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
internal sealed class GenerateToken(
    UserStore users,
    PasswordHasher passwords,
    LoginLimiter limiter,
    AccessTokens tokens
) : Endpoint<GenerateTokenRequest>
{
    public override void Configure()
    {
        Post("/api/token");
        AllowAnonymous();
        DontAutoSendResponse();
        RequestBinder(new JsonBinder<GenerateTokenRequest>(UserJson.Context.GenerateTokenRequest));
        Description(
            route =>
                route.Documents(
                    new(2, "generateToken", OpenApiTags.Users, "Generate an access token")
                    {
                        Description = "The four operations on data need the token as `Authorization: Bearer <TOKEN>`.",
                        Takes = UserDocument.TokenRequest,
                        Status = 200,
                        Answers = UserDocument.TokenResponse,
                        Refuses = [ApiError.MissingFields, ApiError.InvalidCredentials],
                    }
                ),
            clearDefaults: true
        );
    }

    public override async Task HandleAsync(GenerateTokenRequest request, CancellationToken cancellation)
    {
        var deadline = users.NewDeadline();
        var attempt = new LoginAttempt(request.Username!, ClientAddress.Of(HttpContext));
        var lockedAsync = limiter.LockedSecondsAsync(attempt);
        var userAsync = users.FindAsync(request.Username!, deadline);
        await Task.WhenAll(lockedAsync, userAsync);
        if (await lockedAsync is > 0 and var before)
        {
            await ApiResponse.TooManyRequestsAsync(HttpContext, before);
            return;
        }

        var user = await userAsync;
        var verification = await passwords.VerifyAsync(request.Password!, user?.PasswordHash, cancellation);
        if (verification is null)
        {
            await ApiResponse.ErrorAsync(HttpContext, ApiError.TooManyRequests);
            return;
        }

        // Asked again: of many attempts at once, only those within the limit learn whether they were right.
        var isRight = user is not null && verification.IsRight;
        var settledAsync = isRight ? limiter.SucceedAsync(attempt) : limiter.FailAsync(attempt);
        if (await settledAsync is > 0 and var after)
        {
            await ApiResponse.TooManyRequestsAsync(HttpContext, after);
            return;
        }

        if (!isRight)
        {
            await ApiResponse.ErrorAsync(HttpContext, ApiError.InvalidCredentials);
            return;
        }

        if (verification.RenewedHash is { } renewed)
        {
            await users.RenewPasswordHashAsync(user!, renewed, deadline);
        }

        HttpContext.Response.Headers.CacheControl = "no-store";
        await ApiResponse.WriteAsync(
            HttpContext,
            200,
            GenerateTokenResponse.Of(tokens.Issue(user!.UserId), tokens.LifetimeSeconds),
            UserJson.Context.GenerateTokenResponse
        );
    }
}

internal sealed record GenerateTokenResponse(string Status, string Message, IssuedToken Data)
{
    public static GenerateTokenResponse Of(string token, int lifetimeSeconds) =>
        new("success", "Access token generated successfully.", new IssuedToken(token, lifetimeSeconds));
}

/// <param name="AccessToken">To send as <c>Authorization: Bearer …</c>.</param>
/// <param name="ExpiresIn">Seconds.</param>
internal sealed record IssuedToken(string AccessToken, int ExpiresIn);
