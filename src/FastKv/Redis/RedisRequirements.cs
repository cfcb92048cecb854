using System.Globalization;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// What a Redis must be so that the service keeps its promises, judged by what it says of itself (<c>INFO</c>, whose lines an ACL user
/// of the service may read; <c>CONFIG</c> it may not).
/// </summary>
internal static class RedisRequirements
{
    /// <summary>The first version that has all commands: <c>ZMSCORE</c> and <c>ZRANGE … BYLEX</c>.</summary>
    public static readonly Version MinimumVersion = new(6, 2);

    /// <summary>The fields of a reply to <c>INFO</c>, of all sections.</summary>
    public static IReadOnlyDictionary<string, string> ParseInfo(string reply)
    {
        var fields = new Dictionary<string, string>();
        foreach (var line in reply.Split('\n', StringSplitOptions.TrimEntries))
        {
            if (!line.StartsWith('#') && line.IndexOf(':', StringComparison.Ordinal) is > 0 and var end)
            {
                fields[line[..end]] = line[(end + 1)..];
            }
        }

        return fields;
    }

    /// <summary>What may cost data that were acknowledged, as far as a server tells.</summary>
    /// <exception cref="RedisException">It can't be asked.</exception>
    public static async Task<IReadOnlyList<Requirement>> AtRiskAsync(IServer server)
    {
        // One command for each: a server before Redis 7 knows no list of sections.
        Requirement[] requirements =
        [
            Eviction(ParseInfo(await server.InfoRawAsync("memory") ?? "")),
            Persistence(ParseInfo(await server.InfoRawAsync("persistence") ?? "")),
        ];
        return [.. requirements.Where(requirement => requirement is { IsTold: true, State: not RequirementState.Ok })];
    }

    /// <summary>How new it is.</summary>
    /// <param name="info">The fields of <c>INFO server</c>.</param>
    public static Requirement Version(IReadOnlyDictionary<string, string> info)
    {
        const string Name = "version";
        if (!info.TryGetValue("redis_version", out var text) || !System.Version.TryParse(text, out var version))
        {
            return Requirement.Unknown(Name, "the server does not tell its version", "see that it is 6.2 or later");
        }

        return version >= MinimumVersion
            ? Requirement.Met(Name, text)
            : Requirement.Broken(Name, text, "commands are missing; install Redis 6.2 or later");
    }

    /// <summary>What it does when its memory is full.</summary>
    /// <param name="info">The fields of <c>INFO memory</c>.</param>
    public static Requirement Eviction(IReadOnlyDictionary<string, string> info)
    {
        const string Name = "maxmemory-policy";
        return info.GetValueOrDefault("maxmemory_policy") switch
        {
            null => Requirement.Unknown(
                Name,
                "the server does not tell it",
                "see that it is noeviction: with any other, Redis deletes data of users when its memory is full"
            ),
            "noeviction" => Requirement.Met(Name, "noeviction"),
            var policy => Requirement.Broken(
                Name,
                policy,
                "Redis deletes users, sessions and data when its memory is full; set maxmemory-policy noeviction"
            ),
        };
    }

    /// <summary>What is left of the data when it starts again.</summary>
    /// <param name="info">The fields of <c>INFO persistence</c>.</param>
    public static Requirement Persistence(IReadOnlyDictionary<string, string> info)
    {
        const string Name = "persistence";
        if (!info.TryGetValue("aof_enabled", out var log))
        {
            return Requirement.Unknown(
                Name,
                "the server does not tell it",
                "see that what is written survives a restart: appendonly yes"
            );
        }

        if (
            info.GetValueOrDefault("aof_last_write_status") is "err"
            || info.GetValueOrDefault("rdb_last_bgsave_status") is "err"
        )
        {
            return Requirement.Broken(
                Name,
                "the last write to disk failed",
                "look at the disk of Redis and at its log"
            );
        }

        return log == "1"
            ? Requirement.Met(Name, "a log of all writes (AOF)")
            : Requirement.Doubtful(
                Name,
                "no log of writes (AOF)",
                "a restart loses what was written since the last snapshot, if there are any; set appendonly yes"
            );
    }

    /// <summary>Whether a failover loses little.</summary>
    /// <param name="info">The fields of <c>INFO replication</c>.</param>
    public static Requirement Replication(IReadOnlyDictionary<string, string> info)
    {
        const string Name = "replicas";
        if (
            !info.TryGetValue("connected_slaves", out var text)
            || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var replicas)
        )
        {
            return Requirement.Unknown(Name, "the server does not tell them", "see that each master has one");
        }

        if (replicas == 0)
        {
            return Requirement.Doubtful(Name, "none", "the service is out while this server is; give it a replica");
        }

        // The field is there only if min-replicas-to-write and min-replicas-max-lag are set.
        return info.ContainsKey("min_slaves_good_slaves")
            ? Requirement.Met(Name, $"{text}, and writes demand one (min-replicas-to-write)")
            : Requirement.Doubtful(
                Name,
                text,
                "a master that is cut off goes on taking writes that a failover loses; set min-replicas-to-write 1"
            );
    }
}

/// <summary>How well a requirement is met.</summary>
internal enum RequirementState
{
    Ok,
    Warning,
    Error,
}

/// <summary>A requirement, and how well it is met.</summary>
/// <param name="State">How well.</param>
/// <param name="Name">What it is about.</param>
/// <param name="Finding">What is so.</param>
/// <param name="Advice">What to do; null if nothing is to be done.</param>
internal sealed record Requirement(RequirementState State, string Name, string Finding, string? Advice)
{
    /// <summary>Whether the server told what is so.</summary>
    public bool IsTold { get; private init; } = true;

    public static Requirement Met(string name, string finding) => new(RequirementState.Ok, name, finding, null);

    public static Requirement Doubtful(string name, string finding, string advice) =>
        new(RequirementState.Warning, name, finding, advice);

    public static Requirement Broken(string name, string finding, string advice) =>
        new(RequirementState.Error, name, finding, advice);

    /// <summary>It can't be asked.</summary>
    public static Requirement Unknown(string name, string finding, string advice) =>
        Doubtful(name, finding, advice) with
        {
            IsTold = false,
        };
}
