using FastKv.Configuration;
using FastKv.Redis;
using FastKv.Telemetry;
using StackExchange.Redis;

namespace FastKv.Auth;

/// <summary>A login: as whom, and from where, if that is known.</summary>
internal readonly record struct LoginAttempt(string Username, string? Address);

/// <summary>
/// Bounds how many wrong passwords one username and one client address can try. Failures are counted in Redis, for usernames that
/// exist and for others alike. Each method returns how many seconds the login is locked, or 0; nothing but logins ever asks.
/// </summary>
internal sealed class LoginLimiter(
    FixedWindowCounter counter,
    RedisKeys keys,
    LimitOptions limits,
    SecurityEvents events
)
{
    private readonly int window = limits.FailedLoginWindowSeconds;

    /// <summary>Whether there were too many failures already. One round trip, two if there were.</summary>
    public async Task<int> LockedSecondsAsync(LoginAttempt attempt)
    {
        var (locked, _) = await ReadAsync(attempt);
        return locked;
    }

    /// <summary>Counts a failure. Beyond the limit the client must not learn that it was one. One round trip.</summary>
    public async Task<int> FailAsync(LoginAttempt attempt)
    {
        var ofUserAsync = CountAsync(UserKey(attempt), limits.FailedLoginsPerUsername);
        var fromAddressAsync = CountAsync(AddressKey(attempt), LimitOfAddress(attempt));
        await Task.WhenAll(ofUserAsync, fromAddressAsync);
        var (ofUser, fromAddress) = (await ofUserAsync, await fromAddressAsync);
        TellIfReached("username", ofUser);
        TellIfReached("address", fromAddress);
        return Locked(ofUser.LockedSeconds, fromAddress.LockedSeconds);
    }

    /// <summary>
    /// Forgets the failures of this username, unless meanwhile there were too many. Those of the address stay: else whoever has an
    /// account could try the passwords of others without end. One round trip, two if there were failures.
    /// </summary>
    public async Task<int> SucceedAsync(LoginAttempt attempt)
    {
        var (locked, failures) = await ReadAsync(attempt);
        if (locked == 0 && failures > 0)
        {
            await counter.ResetAsync(UserKey(attempt));
        }

        return locked;
    }

    private RedisKey UserKey(LoginAttempt attempt) => keys.FailedLoginsOf(AccountName.Fold(attempt.Username));

    private RedisKey AddressKey(LoginAttempt attempt) => keys.FailedLoginsFrom(attempt.Address ?? "");

    private int LimitOfAddress(LoginAttempt attempt) => attempt.Address is null ? 0 : limits.FailedLoginsPerAddress;

    private async Task<(int Locked, long FailuresOfUser)> ReadAsync(LoginAttempt attempt)
    {
        var ofUserAsync = FailuresAsync(UserKey(attempt), limits.FailedLoginsPerUsername);
        var fromAddressAsync = FailuresAsync(AddressKey(attempt), LimitOfAddress(attempt));
        await Task.WhenAll(ofUserAsync, fromAddressAsync);
        var (userLocked, failures) = await ofUserAsync;
        var (addressLocked, _) = await fromAddressAsync;
        return (Locked(userLocked, addressLocked), failures);
    }

    private async Task<(int Locked, long Failures)> FailuresAsync(RedisKey key, int limit)
    {
        var failures = limit == 0 ? 0 : await counter.ReadAsync(key);
        return (limit > 0 && failures >= limit ? await counter.SecondsLeftAsync(key) : 0, failures);
    }

    private Task<WindowCount> CountAsync(RedisKey key, int limit) =>
        limit == 0 ? Task.FromResult(default(WindowCount)) : counter.CountAsync(key, limit, window);

    private void TellIfReached(string limiter, WindowCount count)
    {
        if (count.LastSeconds > 0)
        {
            events.LoginLimitReached(limiter, count.LastSeconds);
        }
    }

    private static int Locked(int ofUser, int fromAddress)
    {
        if (ofUser > 0 || fromAddress > 0)
        {
            Instruments.CountLimiterRejection(ofUser > 0 ? "username" : "address");
        }

        return Math.Max(ofUser, fromAddress);
    }
}
