using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// What a Redis must be so that what was acknowledged stays, as far as it can be told from INFO, which the service may ask
/// (docs/redis.md has the whole).
/// </summary>
internal static class RedisRequirements
{
    private const string NoEviction = "noeviction";

    // Sections of INFO. (One command for each: a server before Redis 7 knows no list of them.)
    private static readonly string[] Sections = ["memory", "persistence"];

    /// <summary>A sentence for each requirement that a server does not meet.</summary>
    /// <exception cref="RedisException">It can't be asked.</exception>
    public static async Task<IEnumerable<string>> UnmetByAsync(IServer server)
    {
        var info = new Dictionary<string, string>();
        foreach (var section in Sections)
        {
            var text = await server.InfoRawAsync(section);
            foreach (var line in (text ?? "").Split('\n', StringSplitOptions.TrimEntries))
            {
                if (line.IndexOf(':', StringComparison.Ordinal) is > 0 and var end)
                {
                    info[line[..end]] = line[(end + 1)..];
                }
            }
        }

        return Unmet(info);
    }

    /// <summary>A sentence for each requirement that is not met; what the server does not tell counts as met.</summary>
    /// <param name="info">Lines of INFO, by name.</param>
    public static IEnumerable<string> Unmet(IReadOnlyDictionary<string, string> info)
    {
        if (info.GetValueOrDefault("maxmemory_policy", NoEviction) is var policy && policy != NoEviction)
        {
            yield return $"It may evict users and data when its memory is full (maxmemory-policy {policy}); set maxmemory-policy to noeviction.";
        }

        if (info.GetValueOrDefault("aof_enabled", "1") == "0")
        {
            yield return "It keeps no log of writes (appendonly no), so what was written since its last snapshot is lost when it ends; set appendonly to yes.";
        }
    }
}
