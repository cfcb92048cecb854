using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Auth;

/// <summary>What a user proves who they are by.</summary>
/// <param name="UserId">The opaque id under which the user's data are kept.</param>
/// <param name="Username">The name, as it was registered.</param>
/// <param name="Email">The address, as it was registered.</param>
/// <param name="PasswordHash">A PHC string.</param>
/// <param name="PasswordChangedAt">
/// The millisecond, by the clock of Redis, up to which sessions ended when the password was changed, up to a second after that; 0 if
/// it never was.
/// </param>
internal sealed record UserCredentials(
    string UserId,
    string Username,
    string Email,
    string PasswordHash,
    long PasswordChangedAt
);

/// <summary>The credentials in the hash of a user, which the registration makes.</summary>
internal sealed class CredentialStore(RedisCommands redis, RedisKeys keys)
{
    /// <summary>The credentials of the user of this name, in any case, or null. One round trip.</summary>
    public async Task<UserCredentials?> FindAsync(string username)
    {
        var fields = (await redis.GetHashAsync(keys.User(AccountName.Fold(username)))).ToDictionary();
        return fields.Count == 0
            ? null
            : new UserCredentials(
                fields["user_id"]!,
                fields["username"]!,
                fields["email"]!,
                fields["password_hash"]!,
                (long)fields.GetValueOrDefault("password_changed_at")
            );
    }

    private static readonly RedisScript Change = new(
        """
        local known = redis.call('HMGET', KEYS[1], 'user_id', 'password_changed_at')
        local changed = tonumber(known[2] or 0)
        if known[1] ~= ARGV[1] or changed ~= tonumber(ARGV[2]) then return 0 end
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        -- Behind the beginning of every session, which after the end of all others is up to a second ahead (sessions.lua), so that
        -- who signs in next ends them even if nothing but this was done.
        local moment = math.max(now + 1000, changed + 1, tonumber(ARGV[4]))
        redis.call('HSET', KEYS[1], 'password_hash', ARGV[3], 'password_changed_at', string.format('%.0f', moment))
        return moment
        """
    );

    /// <summary>Changes the password, if nobody has since these credentials were read. One round trip.</summary>
    /// <param name="user">The user, as read.</param>
    /// <param name="passwordHash">The new one.</param>
    /// <param name="sessionBeganAt">The beginning of the session that asks for it: a millisecond by the clock of Redis.</param>
    /// <param name="deadline">By when the store must have answered.</param>
    /// <returns>The millisecond up to which sessions end with it; null if somebody else was faster, or the user is deleted.</returns>
    public async Task<long?> ChangePasswordAsync(
        UserCredentials user,
        string passwordHash,
        long sessionBeganAt,
        StoreDeadline deadline
    )
    {
        var changedAt = (long)
            await redis.WriteAsync(
                Change,
                [KeyOf(user)],
                [user.UserId, user.PasswordChangedAt, passwordHash, sessionBeganAt],
                isLarge: false,
                deadline
            );
        return changedAt == 0 ? null : changedAt;
    }

    private static readonly RedisScript Renew = new(
        """
        if redis.call('HGET', KEYS[1], 'password_hash') ~= ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], 'password_hash', ARGV[2])
        return 1
        """
    );

    /// <summary>
    /// Puts a hash with today's parameters in the place of an older one, if that is still there. If the store fails meanwhile, or
    /// the deadline passes, the old one stays until the next login.
    /// </summary>
    public async Task RenewPasswordHashAsync(UserCredentials user, string passwordHash, StoreDeadline deadline)
    {
        try
        {
            await redis.WriteAsync(Renew, [KeyOf(user)], [user.PasswordHash, passwordHash], isLarge: false, deadline);
        }
        catch (Exception outage) when (outage is StoreUnavailableException or OutcomeUnknownException) { }
    }

    private RedisKey KeyOf(UserCredentials user) => keys.User(AccountName.Fold(user.Username));
}
