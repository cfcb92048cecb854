using System.Globalization;
using StackExchange.Redis;

namespace FastKv.Auth;

/// <summary>What is kept of a user's sessions that have ended (sessions.lua says how).</summary>
/// <param name="Before">Sessions that began until then have ended; null if none has by this, or if all have for ever.</param>
/// <param name="IsForEver">All have ended and none will begin: the user is deleted. This is the tombstone.</param>
/// <param name="Until">No token of them can be valid then, and what is kept goes.</param>
/// <param name="Singles">Single sessions that have ended beside.</param>
internal sealed record EndedSessions(DateTimeOffset? Before, bool IsForEver, DateTimeOffset? Until, int Singles)
{
    // As in sessions.lua.
    private const long ForEver = 9007199254740991;

    private static readonly EndedSessions None = new(null, false, null, 0);

    public static EndedSessions Parse(RedisValue ended, DateTimeOffset now)
    {
        if (ended.ToString().Split(' ') is not [var before, var until, .. var singles])
        {
            return None;
        }

        var (moment, last) = (NumberOf(before), NumberOf(until));
        var holds = moment > 0 && last >= now.ToUnixTimeMilliseconds();
        return new EndedSessions(
            holds && moment < ForEver ? TimeOf(moment) : null,
            holds && moment >= ForEver,
            holds ? TimeOf(last) : null,
            singles.Length / 2
        );
    }

    private static long NumberOf(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static DateTimeOffset TimeOf(long milliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(
            Math.Min(milliseconds, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        );
}
