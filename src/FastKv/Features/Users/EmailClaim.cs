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
    /// <summary>Reads a claim; null if there is none, or if what is there is none.</summary>
    /// <param name="raw">The claim as Redis keeps it.</param>
    /// <param name="nowMilliseconds">What the clock of the Redis server says; null if nobody asks for the age.</param>
    public static EmailClaim? Parse(RedisValue raw, long? nowMilliseconds = null) =>
        ((string?)raw)?.Split(' ') is [var text, { Length: > 0 } userId, var username]
        && userId.All(char.IsAsciiLetterOrDigit)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var since)
        && since <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? new EmailClaim(
                raw,
                since,
                userId,
                username,
                TimeSpan.FromMilliseconds((nowMilliseconds ?? since) - since)
            )
            : null;
}
