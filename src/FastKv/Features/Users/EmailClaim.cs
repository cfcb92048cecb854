using System.Globalization;
using StackExchange.Redis;

namespace FastKv.Features.Users;

/// <summary>The claim on an email address, kept as <c>milliseconds user_id username</c>.</summary>
/// <param name="Raw">The claim as Redis keeps it.</param>
/// <param name="SinceMilliseconds">When it was made: milliseconds since 1970 by the clock of the Redis server.</param>
/// <param name="UserId">The id that the user is to have.</param>
/// <param name="Username">The user's name, folded.</param>
/// <param name="Age">How long ago it was made, by the same clock.</param>
internal sealed record EmailClaim(RedisValue Raw, long SinceMilliseconds, string UserId, string Username, TimeSpan Age)
{
    public static EmailClaim? Parse(RedisValue raw, TimeSpan age = default) =>
        ((string?)raw)?.Split(' ') is [var since, var userId, var username]
            ? new EmailClaim(raw, long.Parse(since, CultureInfo.InvariantCulture), userId, username, age)
            : null;
}
