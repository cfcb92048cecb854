using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;
using FastKv.Redis;
using FastKv.Telemetry;
using FluentValidation;

namespace FastKv.Features.Users;

/// <summary>The password, and what it is to be.</summary>
internal sealed class ChangePasswordRequest
{
    /// <summary>The password that is in force.</summary>
    /// <example>secure_password123</example>
    [Required, DataType(DataType.Password), JsonConverter(typeof(LenientStringConverter))]
    public string? Password { get; init; }

    /// <summary>A letter and a digit; not the username, the email or one of the commonest. Every character is allowed.</summary>
    /// <example>another_password456</example>
    [Required, StringLength(UserRules.MaximumPasswordLength, MinimumLength = UserRules.MinimumPasswordLength)]
    [DataType(DataType.Password)]
    [JsonConverter(typeof(LenientStringConverter))]
    public string? NewPassword { get; init; }
}

internal sealed class ChangePasswordValidator : Validator<ChangePasswordRequest>
{
    public ChangePasswordValidator()
    {
        RuleFor(request => request.Password).MustBeInForce();
        RuleFor(request => request.NewPassword)
            .Must(password => !string.IsNullOrEmpty(password))
            .WithError(ApiError.MissingFields, "new_password", "must be the password that is to be in force");
    }
}

/// <summary>
/// Changes the password and ends every session: 200 with a token of a new one. 401 if the password is wrong, which counts as a failed
/// login, or was changed meanwhile.
/// </summary>
internal sealed class ChangePassword(
    CredentialVerifier credentials,
    PasswordHasher passwords,
    CredentialStore users,
    SessionStore sessions,
    AccessTokens tokens,
    SecurityEvents events
) : Endpoint<ChangePasswordRequest>
{
    public override void Configure()
    {
        Put("/api/account/password");
        DontAutoSendResponse();
        RequestBinder(new JsonBinder<ChangePasswordRequest>(UserJson.Context.ChangePasswordRequest));
        Summary(summary =>
        {
            summary.Summary = "Change the password";
            summary.Description =
                "Every session ends, and a new one begins with the token of the answer. A wrong password counts as a failed login.";
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Users)
                .Produces<TokenResponse>(200)
                .ProducesErrors(
                    ApiError.MissingFields,
                    ApiError.InvalidCredentials,
                    ApiError.InvalidPassword,
                    ApiError.OutcomeUnknown
                )
        );
    }

    public override async Task HandleAsync(ChangePasswordRequest request, CancellationToken cancellation)
    {
        if (await credentials.ConfirmAsync(HttpContext, request.Password!, cancellation) is not { } user)
        {
            return;
        }

        if (!UserRules.IsPassword(request.NewPassword!, user.Username, user.Email))
        {
            await ApiResponse.ErrorAsync(
                HttpContext,
                ApiError.InvalidPassword,
                [new ErrorDetail("new_password", UserRules.PasswordRule)]
            );
            return;
        }

        if (await passwords.HashAsync(request.NewPassword!, cancellation) is not { } hash)
        {
            await ApiResponse.ErrorAsync(HttpContext, ApiError.TooManyRequests);
            return;
        }

        await (
            await users.ChangePasswordAsync(
                user,
                hash,
                HttpContext.Caller().Session.BeganAt,
                HttpContext.StoreDeadline()
            )
                is { } changedAt
                ? BeginNewSessionAsync(user, changedAt)
                : ApiResponse.ErrorAsync(HttpContext, ApiError.InvalidCredentials)
        );
    }

    private async Task BeginNewSessionAsync(UserCredentials user, long changedAt)
    {
        var beginningAsync = sessions.EndAllAsync(user.UserId, changedAt);
        try
        {
            await HttpContext.StoreDeadline().BoundWriteAsync(beginningAsync);
        }
        catch (StoreUnavailableException outage)
        {
            // The password is changed. The next login ends the sessions.
            throw new OutcomeUnknownException(outage.Reason, outage);
        }

        events.PasswordChanged(user.UserId);
        var session = Session.Begin(user.UserId, user.Username, await beginningAsync);
        await (
            tokens.Issue(session) is { } token
                ? TokenResponse.WriteAsync(HttpContext, "Password changed successfully.", token)
                : ApiResponse.ErrorAsync(HttpContext, ApiError.InvalidToken)
        );
    }
}
