using FastKv.Api;
using FastKv.Redis;

namespace FastKv.Auth;

/// <summary>What the check of a username and a password came to.</summary>
internal abstract record CredentialResult
{
    /// <summary>The password is that of this user.</summary>
    internal sealed record Right(UserCredentials User) : CredentialResult;

    /// <summary>There is no such user, or the password is not theirs: a client must not learn which.</summary>
    internal sealed record Wrong : CredentialResult;

    /// <summary>Too many failures, or too many hashes under way; whether the password is right is not told.</summary>
    internal sealed record TooManyAttempts(int RetryAfterSeconds) : CredentialResult;
}

/// <summary>
/// Checks passwords under the limiter of failed logins. An unknown user and a wrong password get the same result after the same
/// work, and both count as failures.
/// </summary>
internal sealed class CredentialVerifier(CredentialStore users, PasswordHasher passwords, LoginLimiter limiter)
{
    /// <summary>Checks the password of the user of a session, as a login would.</summary>
    public async Task<CredentialResult> VerifyAsync(
        Session session,
        string? address,
        string password,
        StoreDeadline deadline,
        CancellationToken cancellation
    )
    {
        var attempt = new LoginAttempt(session.Username!, address);
        var result = await VerifyAsync(attempt, password, deadline, cancellation);

        // Somebody else may have the name by now.
        return result is CredentialResult.Right right && right.User.UserId != session.UserId
            ? new CredentialResult.Wrong()
            : result;
    }

    /// <summary>Checks a password. Two round trips and a hash; one more to forget failures, and one to renew an old hash.</summary>
    /// <param name="attempt">As whom, and from where.</param>
    /// <param name="password">What is checked.</param>
    /// <param name="deadline">By when the store must have answered; the hash does not count.</param>
    /// <param name="cancellation">The client is gone.</param>
    /// <exception cref="StoreUnavailableException">The store can't say in time who the user is, or can't count.</exception>
    public async Task<CredentialResult> VerifyAsync(
        LoginAttempt attempt,
        string password,
        StoreDeadline deadline,
        CancellationToken cancellation
    )
    {
        var (before, user) = await deadline.BoundAsync(FindAsync(attempt));
        if (before > 0)
        {
            return new CredentialResult.TooManyAttempts(before);
        }

        var verification = await passwords.VerifyAsync(password, user?.PasswordHash, cancellation);
        if (verification is null)
        {
            return new CredentialResult.TooManyAttempts(ApiResponse.RetryAfterSeconds);
        }

        deadline.ThrowIfPassed();

        // Asked again: of many attempts at once, only those within the limit learn whether they were right.
        var isRight = user is not null && verification.IsRight;
        var settledAsync = isRight ? limiter.SucceedAsync(attempt) : limiter.FailAsync(attempt);
        if (await deadline.BoundAsync(settledAsync) is > 0 and var after)
        {
            return new CredentialResult.TooManyAttempts(after);
        }

        if (!isRight)
        {
            return new CredentialResult.Wrong();
        }

        if (verification.RenewedHash is { } renewed)
        {
            await users.RenewPasswordHashAsync(user!, renewed, deadline);
        }

        return new CredentialResult.Right(user!);
    }

    private async Task<(int LockedSeconds, UserCredentials? User)> FindAsync(LoginAttempt attempt)
    {
        var lockedAsync = limiter.LockedSecondsAsync(attempt);
        var userAsync = users.FindAsync(attempt.Username);
        await Task.WhenAll(lockedAsync, userAsync);
        return (await lockedAsync, await userAsync);
    }
}
