using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Auth;

/// <summary>What a user proves who they are by.</summary>
/// <param name="UserId">The opaque id under which the user's data are kept.</param>
/// <param name="Username">The name, as it was registered.</param>
/// <param name="PasswordHash">A PHC string.</param>
internal sealed record UserCredentials(string UserId, string Username, string PasswordHash);

/// <summary>The credentials in the hash of a user, which the registration makes.</summary>
internal sealed class CredentialStore(RedisCommands redis, RedisKeys keys)
{
    /// <summary>The credentials of the user of this name, in any case, or null. One round trip.</summary>
    public async Task<UserCredentials?> FindAsync(string username, StoreDeadline deadline)
    {
        var fields = (await redis.GetHashAsync(keys.User(AccountName.Fold(username)), deadline)).ToDictionary();
        return fields.Count == 0
            ? null
            : new UserCredentials(fields["user_id"]!, fields["username"]!, fields["password_hash"]!);
    }

    /// <summary>
    /// Puts a hash with today's parameters in the place of an older one. If the store fails meanwhile, the old one stays until the
    /// next login.
    /// </summary>
    public async Task RenewPasswordHashAsync(UserCredentials user, string passwordHash, StoreDeadline deadline)
    {
        try
        {
            await redis.SetHashFieldAsync(
                keys.User(AccountName.Fold(user.Username)),
                "password_hash",
                passwordHash,
                deadline
            );
        }
        catch (Exception outage) when (outage is StoreUnavailableException or OutcomeUnknownException) { }
    }
}
