using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Every command that the service sends. One place turns an outage into <see cref="StoreUnavailableException"/> (nothing was
/// done) or <see cref="OutcomeUnknownException"/> (a write that may have been); no command is ever sent twice.
/// </summary>
internal sealed class RedisCommands
{
    private readonly RedisConnection connection;
    private readonly GetBatcher gets;

    public RedisCommands(RedisConnection connection)
    {
        this.connection = connection;
        gets = new GetBatcher(GetTogetherAsync);
    }

    /// <summary><c>GET</c>, or one <c>MGET</c> for several at once.</summary>
    public Task<RedisValue> GetAsync(RedisKey key) => gets.GetAsync(key, connection.SlotOf(key));

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

    public Task<HashEntry[]> GetHashAsync(RedisKey key) =>
        RunAsync("HGETALL", false, static (database, key) => database.HashGetAllAsync(key), key);

    public Task<RedisValue> GetHashFieldAsync(RedisKey key, RedisValue field) =>
        RunAsync("HGET", false, static (database, pair) => database.HashGetAsync(pair.key, pair.field), (key, field));

    public Task<bool> SetHashFieldAsync(RedisKey key, RedisValue field, RedisValue value) =>
        RunAsync(
            "HSET",
            true,
            static (database, entry) => database.HashSetAsync(entry.key, entry.field, entry.value),
            (key, field, value)
        );

    /// <summary>Runs a Lua script on one key, so that it is right on a cluster too.</summary>
    public Task<RedisResult> EvaluateAsync(string script, RedisKey key, params RedisValue[] arguments) =>
        RunAsync(
            "EVAL",
            true,
            static (database, call) => database.ScriptEvaluateAsync(call.script, [call.key], call.arguments),
            (script, key, arguments)
        );

    /// <summary>Whether Redis answers.</summary>
    public async Task<bool> PingAsync()
    {
        try
        {
            await RunAsync("PING", false, static (database, _) => database.PingAsync(), 0);
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    private async Task<RedisValue[]> GetTogetherAsync(RedisKey[] keys) =>
        keys.Length == 1
            ? [await RunAsync("GET", false, static (database, key) => database.StringGetAsync(key), keys[0])]
            : await RunAsync("MGET", false, static (database, keys) => database.StringGetAsync(keys), keys);

    private async Task<TResult> RunAsync<TState, TResult>(
        string operation,
        bool write,
        Func<IDatabase, TState, Task<TResult>> command,
        TState state
    )
    {
        var database = connection.Database;
        try
        {
            return await command(database, state).ConfigureAwait(false);
        }
        catch (Exception fault) when (StoreFault.Classify(fault, write) is { } outage)
        {
            throw outage;
        }
    }
}
