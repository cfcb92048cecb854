using System.Text.Json.Serialization;
using FastEndpoints;
using FastKv.Api;
using FastKv.Auth;
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
            .Because(ApiError.MissingFields, "username", "must be a string that is not empty");
        RuleFor(request => request.Password)
            .Must(password => !string.IsNullOrEmpty(password))
            .Because(ApiError.MissingFields, "password", "must be a string that is not empty");
    }
}

/// <summary>200 with a token, or 401; an unknown user and a wrong password get the same answer after the same work.</summary>
internal sealed class GenerateToken(UserStore users, PasswordHasher passwords, AccessTokens tokens)
    : Endpoint<GenerateTokenRequest>
{
    public override void Configure()
    {
        Post("/api/token");
        AllowAnonymous();
        DontAutoSendResponse();
        RequestBinder(new JsonBinder<GenerateTokenRequest>(UserJson.Context.GenerateTokenRequest));
        Description(
            route => route.Accepts<GenerateTokenRequest>("*/*").Produces<GenerateTokenResponse>(),
            clearDefaults: true
        );
    }

    public override async Task HandleAsync(GenerateTokenRequest request, CancellationToken cancellation)
    {
        var user = await users.FindAsync(request.Username!);
        var verdict = await passwords.VerifyAsync(request.Password!, user?.PasswordHash, cancellation);
        if (verdict is null)
        {
            await Answer.ErrorAsync(HttpContext, ApiError.TooManyRequests);
            return;
        }

        if (user is null || !verdict.IsRight)
        {
            await Answer.ErrorAsync(HttpContext, ApiError.InvalidCredentials);
            return;
        }

        if (verdict.RenewedHash is { } renewed)
        {
            await users.RenewPasswordHashAsync(user, renewed);
        }

        HttpContext.Response.Headers.CacheControl = "no-store";
        await Answer.WriteAsync(
            HttpContext,
            200,
            GenerateTokenResponse.Of(tokens.Issue(user.UserId), tokens.LifetimeSeconds),
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
