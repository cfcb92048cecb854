using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Whether the user of the connection may do what the service does: by doing it, to keys that nobody else has and that go within a
/// minute. (<c>ACL DRYRUN</c> would be a right that the service itself does not need.)
/// </summary>
internal sealed class RedisRights(RedisConnection connection, RedisKeys keys)
{
    /// <summary>Every command of the service and of its scripts, in an order in which each has what it needs.</summary>
    private static readonly (string Command, string[] Arguments)[] Commands =
    [
        ("SETEX", ["string", "60", "1"]),
        ("SET", ["string", "1", "PX", "60000"]),
        ("GET", ["string"]),
        ("STRLEN", ["string"]),
        ("GETRANGE", ["string", "0", "0"]),
        ("INCR", ["string"]),
        ("INCRBY", ["string", "1"]),
        ("EXISTS", ["string"]),
        ("TYPE", ["string"]),
        ("PTTL", ["string"]),
        ("PERSIST", ["string"]),
        ("PEXPIREAT", ["string", "9999999999999"]),
        ("PEXPIRE", ["string", "60000"]),
        ("HSET", ["hash", "a", "1"]),
        ("HGET", ["hash", "a"]),
        ("HMGET", ["hash", "a"]),
        ("HGETALL", ["hash"]),
        ("HDEL", ["hash", "a"]),
        ("ZADD", ["set", "0", "a"]),
        ("ZRANGE", ["set", "-", "+", "BYLEX", "LIMIT", "0", "1"]),
        ("ZRANGEBYSCORE", ["set", "-inf", "+inf"]),
        ("ZSCORE", ["set", "a"]),
        ("ZMSCORE", ["set", "a"]),
        ("ZCARD", ["set"]),
        ("ZCOUNT", ["set", "-inf", "+inf"]),
        ("ZSCAN", ["set", "0"]),
        ("ZREM", ["set", "a"]),
        ("UNLINK", ["string"]),
        ("DEL", ["string"]),
    ];

    /// <summary>
    /// What only commands of operators need, for which an operator's rights may be lent: <c>admin user list</c>, <c>check</c> and the
    /// end of <c>user delete</c>.
    /// </summary>
    public static readonly IReadOnlyList<string> OfOperators = ["SCAN", "ZSCAN"];

    /// <summary>What may not be done, by the names of commands and kinds of keys; empty if all may.</summary>
    /// <exception cref="StoreUnavailableException">Redis can't be asked.</exception>
    public async Task<IReadOnlyList<string>> FindMissingAsync(IServer server)
    {
        var missing = new List<string>();
        var database = connection.Database;
        var place = PlaceOn(server, database);
        foreach (var (command, arguments) in Commands)
        {
            object[] all = [(RedisKey)$"{place}:{arguments[0]}", .. arguments[1..]];
            await TryAsync(command, () => database.ExecuteAsync(command, all));
        }

        RedisKey[] script = [$"{place}:string"];
        await TryAsync(
            "EVAL",
            () => database.ScriptEvaluateAsync("return 1", script, flags: CommandFlags.NoScriptCache)
        );
        await TryAsync("EVALSHA", () => new RedisScript("return 1").EvaluateAsync(database, script, []));
        await TryAsync("TIME", () => server.TimeAsync());
        await TryAsync("INFO", () => server.ExecuteAsync("INFO", "server"));
        await TryAsync("SCAN", () => server.ExecuteAsync(database.Database, "SCAN", ["0", "COUNT", "1"]));
        foreach (var name in keys.Examples(Guid.NewGuid().ToString("N")))
        {
            var kind = $"keys {name.Pattern}";
            await TryAsync(kind, () => database.KeyExistsAsync(name.Example));
            await TryAsync(kind, () => database.KeyDeleteAsync(name.Example));
        }

        return [.. missing.Distinct()];

        async Task TryAsync<T>(string what, Func<Task<T>> command)
        {
            try
            {
                await command();
            }
            catch (RedisServerException refusal) when (IsMissing(refusal))
            {
                missing.Add(what);
            }
            catch (RedisServerException refusal) when (RedisScript.IsUnknown(refusal))
            {
                // The right is there; the script is not.
            }
            catch (Exception fault) when (StoreFault.Classify(fault, CommandKind.Read) is { } outage)
            {
                throw outage;
            }
        }
    }

    // A command that was renamed or left out is as good as forbidden.
    private static bool IsMissing(RedisServerException refusal) =>
        refusal.Kind is RedisErrorKind.NoPermission or RedisErrorKind.NotPermitted
        || ErrorReply.Reason(refusal) == nameof(RedisErrorKind.UnknownCommand);

    // On a cluster a server takes only keys of its own slots; with a hash tag all names of the place have one.
    private string PlaceOn(IServer server, IDatabase database)
    {
        const int Attempts = 100_000;
        for (var i = 0; i < Attempts; i++)
        {
            var place = keys.Trial($"{Guid.NewGuid():N}");
            if (
                server.ServerType != ServerType.Cluster
                || database
                    .Multiplexer.GetServer(place, flags: CommandFlags.DemandMaster)
                    .EndPoint.Equals(server.EndPoint)
            )
            {
                return place.ToString();
            }
        }

        throw new StoreUnavailableException("ServerWithoutSlots");
    }
}
