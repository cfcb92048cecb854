using System.Globalization;
using FastKv.Auth;
using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Features.Users;

/// <summary>The users as they see themselves.</summary>
internal sealed class AccountStore(RedisCommands redis, RedisKeys keys)
{
    private static readonly RedisScript CountKeys = new(
        """
        local time = redis.call('TIME')
        local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
        return redis.call('ZCARD', KEYS[1]) - redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. now)
        """
    );

    /// <summary>The user of a session and how many entries they have; null if there is none any more. One round trip.</summary>
    public async Task<(User User, long Keys)?> FindAsync(Session session)
    {
        var hashAsync = redis.GetHashAsync(keys.User(AccountName.Fold(session.Username!)));
        var countAsync = CountKeysAsync(session.UserId);
        await Task.WhenAll(hashAsync, countAsync);
        var fields = (await hashAsync).ToDictionary();
        return fields.GetValueOrDefault("user_id") != session.UserId
            ? null
            : (
                new User(
                    session.UserId,
                    fields["username"]!,
                    fields["email"]!,
                    fields["full_name"]!,
                    (int)fields["age"],
                    fields["gender"]!,
                    fields["password_hash"]!,
                    DateTimeOffset.Parse(fields["created_at"]!, CultureInfo.InvariantCulture)
                ),
                await countAsync
            );
    }

    /// <summary>How many entries a user has. One round trip.</summary>
    public async Task<long> CountKeysAsync(string userId) =>
        (long)await redis.ReadAsync(CountKeys, [keys.Keys(userId), keys.Expiry(userId)], []);
}
