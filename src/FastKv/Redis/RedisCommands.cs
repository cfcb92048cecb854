using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Every command that the service sends. One place turns an outage into <see cref="StoreUnavailableException"/> (nothing was
/// done) or <see cref="OutcomeUnknownException"/> (a write that may have been); no command is ever sent twice.
/// </summary>
internal sealed class RedisCommands(RedisConnection connection)
{
    public Task<RedisValue> GetAsync(RedisKey key) =>
        RunAsync("GET", false, static (database, key) => database.StringGetAsync(key), key);

    /// <summary><c>SET … NX</c>: false if the key exists.</summary>
    public Task<bool> SetIfAbsentAsync(RedisKey key, RedisValue value) =>
        RunAsync(
            "SET",
            true,
            static (database, pair) => database.StringSetAsync(pair.key, pair.value, when: When.NotExists),
            (key, value)
        );

    /// <summary><c>SET … XX</c>: false if the key does not exist.</summary>
    public Task<bool> SetIfPresentAsync(RedisKey key, RedisValue value) =>
        RunAsync(
            "SET",
            true,
            static (database, pair) => database.StringSetAsync(pair.key, pair.value, when: When.Exists),
            (key, value)
        );

    /// <summary><c>DEL</c>: false if the key does not exist.</summary>
    public Task<bool> DeleteAsync(RedisKey key) =>
        RunAsync("DEL", true, static (database, key) => database.KeyDeleteAsync(key), key);

    public Task<HashEntry[]> GetHashAsync(RedisKey key, StoreBudget? budget = null) =>
        RunAsync("HGETALL", false, static (database, key) => database.HashGetAllAsync(key), key, budget);

    public Task<RedisValue> GetHashFieldAsync(RedisKey key, RedisValue field, StoreBudget? budget = null) =>
        RunAsync(
            "HGET",
            false,
            static (database, pair) => database.HashGetAsync(pair.key, pair.field),
            (key, field),
            budget
        );

    public Task<bool> SetHashFieldAsync(RedisKey key, RedisValue field, RedisValue value, StoreBudget? budget = null) =>
        RunAsync(
            "HSET",
            true,
            static (database, entry) => database.HashSetAsync(entry.key, entry.field, entry.value),
            (key, field, value),
            budget
        );

    /// <summary>Runs a Lua script on one key, so that it is right on a cluster too.</summary>
    public Task<RedisResult> EvaluateAsync(
        string script,
        RedisKey key,
        RedisValue[] arguments,
        StoreBudget? budget = null
    ) =>
        RunAsync(
            "EVAL",
            true,
            static (database, call) => database.ScriptEvaluateAsync(call.script, [call.key], call.arguments),
            (script, key, arguments),
            budget
        );

    /// <summary>
    /// Whether Redis answers and takes writes: PING alone is answered by a server that is out of memory or read-only, too.
    /// </summary>
    public async Task<bool> ProbeAsync(RedisKey key)
    {
        try
        {
            return await RunAsync(
                "SET",
                true,
                static (database, key) => database.StringSetAsync(key, "", ProbeLifetime),
                key
            );
        }
        catch (Exception outage) when (outage is StoreUnavailableException or OutcomeUnknownException)
        {
            return false;
        }
    }

    private static readonly TimeSpan ProbeLifetime = TimeSpan.FromMinutes(1);

    private async Task<TResult> RunAsync<TState, TResult>(
        string operation,
        bool write,
        Func<IDatabase, TState, Task<TResult>> command,
        TState state,
        StoreBudget? budget = null
    )
    {
        var database = connection.Database;
        budget?.RequireSomeLeft();
        try
        {
            var reply = command(database, state);
            return await (budget is null ? reply : budget.SpendAsync(reply)).ConfigureAwait(false);
        }
        catch (Exception fault) when (StoreFault.Classify(fault, write) is { } outage)
        {
            throw outage;
        }
    }
}
