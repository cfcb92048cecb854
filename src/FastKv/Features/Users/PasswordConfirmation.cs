using FastKv.Api;
using FastKv.Auth;
using FastKv.Server;
using FluentValidation;

namespace FastKv.Features.Users;

/// <summary>The password once more, where a token alone is too little.</summary>
internal static class PasswordConfirmation
{
    /// <summary>Refuses a request without the password.</summary>
    public static void MustBeInForce<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(password => !string.IsNullOrEmpty(password))
            .WithError(ApiError.MissingFields, "password", "must be the password that is in force");

    /// <summary>Checks the caller's password, and answers 401 or 429 if it does not pass.</summary>
    /// <returns>The caller; null if the request is answered.</returns>
    /// <exception cref="Redis.StoreUnavailableException">The store can't say who the caller is, or can't count.</exception>
    public static async Task<UserCredentials?> ConfirmAsync(
        this CredentialVerifier credentials,
        HttpContext context,
        string password,
        CancellationToken cancellation
    )
    {
        var session = context.Caller().Session;
        var result = await credentials.VerifyAsync(
            session,
            ClientAddress.Of(context),
            password,
            context.StoreDeadline(),
            cancellation
        );
        if (result is CredentialResult.Right { User: var user })
        {
            return user;
        }

        await CredentialAnswer.RefuseAsync(context, result);
        return null;
    }
}
