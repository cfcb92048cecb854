using FastKv.Telemetry;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Every command that the service sends. One place turns an outage into <see cref="StoreUnavailableException"/> (nothing was
/// done) or <see cref="OutcomeUnknownException"/> (a write that may have been); no command is ever sent twice.
/// </summary>
internal sealed class RedisCommands
{
    private readonly RedisConnection connection;
    private readonly WriteGate gate;
    private readonly RedisTelemetry telemetry;
    private readonly GetBatcher gets;

    public RedisCommands(RedisConnection connection, WriteGate gate)
    {
        this.connection = connection;
        this.gate = gate;
        telemetry = new RedisTelemetry(connection.EndPoint);
        gets = new GetBatcher(GetAloneAsync, GetTogetherAsync);
    }

    /// <summary><c>GET</c>; several at once travel as one <c>MGET</c>, and each request has a span of its own.</summary>
    public Task<RedisValue> GetAsync(RedisKey key) =>
        RedisTelemetry.IsRecorded
            ? MeasureAsync("GET", Measured.Span, static (self, key) => self.SendGetAsync(key), key)
            : SendGetAsync(key);

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

    /// <summary><c>SET … EX</c>: for what may go by itself.</summary>
    public Task<bool> SetForAsync(TimeSpan lifetime, RedisKey key, RedisValue value) =>
        RunAsync(
            "SET",
            true,
            static (database, entry) => database.StringSetAsync(entry.key, entry.value, entry.lifetime),
            (key, value, lifetime)
        );

    /// <summary><c>DEL</c>: false if the key does not exist.</summary>
    public Task<bool> DeleteAsync(RedisKey key) =>
        RunAsync("DEL", true, static (database, key) => database.KeyDeleteAsync(key), key);

    /// <summary><c>PTTL</c>: null if the key does not exist.</summary>
    public Task<TimeSpan?> TimeToLiveAsync(RedisKey key) =>
        RunAsync("PTTL", false, static (database, key) => database.KeyTimeToLiveAsync(key), key);

    public Task<HashEntry[]> GetHashAsync(RedisKey key, StoreDeadline? deadline = null) =>
        RunAsync("HGETALL", false, static (database, key) => database.HashGetAllAsync(key), key, deadline);

    public Task<RedisValue> GetHashFieldAsync(RedisKey key, RedisValue field, StoreDeadline? deadline = null) =>
        RunAsync(
            "HGET",
            false,
            static (database, pair) => database.HashGetAsync(pair.key, pair.field),
            (key, field),
            deadline
        );

    public Task<bool> SetHashFieldAsync(
        RedisKey key,
        RedisValue field,
        RedisValue value,
        StoreDeadline? deadline = null
    ) =>
        RunAsync(
            "HSET",
            true,
            static (database, entry) => database.HashSetAsync(entry.key, entry.field, entry.value),
            (key, field, value),
            deadline
        );

    /// <summary>Runs a Lua script on one key, so that it is right on a cluster too.</summary>
    public Task<RedisResult> EvaluateAsync(
        string script,
        RedisKey key,
        RedisValue[] arguments,
        StoreDeadline? deadline = null
    ) =>
        RunAsync(
            "EVAL",
            true,
            static (database, call) => database.ScriptEvaluateAsync(call.script, [call.key], call.arguments),
            (script, key, arguments),
            deadline
        );

    /// <summary>
    /// Whether Redis answers and takes writes: PING alone is answered by a server that is out of memory or read-only, too.
    /// </summary>
    public async Task<bool> ProbeAsync(RedisKey key)
    {
        try
        {
            return await SetForAsync(ProbeLifetime, key, RedisValue.EmptyString);
        }
        catch (Exception outage) when (outage is StoreUnavailableException or OutcomeUnknownException)
        {
            return false;
        }
    }

    private static readonly TimeSpan ProbeLifetime = TimeSpan.FromMinutes(1);

    private Task<RedisValue> SendGetAsync(RedisKey key) => gets.GetAsync(key, connection.SlotOf(key));

    private Task<RedisValue> GetAloneAsync(RedisKey key) =>
        ReadAsync("GET", static (database, key) => database.StringGetAsync(key), key);

    private Task<RedisValue[]> GetTogetherAsync(RedisKey[] keys) =>
        ReadAsync("MGET", static (database, keys) => database.StringGetAsync(keys), keys);

    private Task<TResult> ReadAsync<TState, TResult>(
        string operation,
        Func<IDatabase, TState, Task<TResult>> command,
        TState state
    ) =>
        RedisTelemetry.IsOn
            ? MeasureAsync(
                operation,
                Measured.Duration,
                static (self, call) => self.SendAsync(false, call.command, call.state),
                (command, state)
            )
            : SendAsync(false, command, state);

    private Task<TResult> RunAsync<TState, TResult>(
        string operation,
        bool write,
        Func<IDatabase, TState, Task<TResult>> command,
        TState state,
        StoreDeadline? deadline = null
    ) =>
        RedisTelemetry.IsOn
            ? MeasureAsync(
                operation,
                Measured.Both,
                static (self, call) => self.SendAsync(call.write, call.command, call.state, call.deadline),
                (write, command, state, deadline)
            )
            : SendAsync(write, command, state, deadline);

    private async Task<TResult> MeasureAsync<TState, TResult>(
        string operation,
        Measured what,
        Func<RedisCommands, TState, Task<TResult>> send,
        TState state
    )
    {
        // Here and not where this is called from: only what an async method makes the current span is not so for its caller.
        var measured = telemetry.Start(operation, what);
        try
        {
            var reply = await send(this, state).ConfigureAwait(false);
            measured.Succeed();
            return reply;
        }
        catch (Exception fault)
        {
            measured.Fail(StoreFault.Reason(fault));
            throw;
        }
    }

    private async Task<TResult> SendAsync<TState, TResult>(
        bool write,
        Func<IDatabase, TState, Task<TResult>> command,
        TState state,
        StoreDeadline? deadline = null
    )
    {
        if (write)
        {
            gate.ThrowIfClosed();
        }

        var database = connection.Database;
        deadline?.ThrowIfPassed();
        try
        {
            var reply = command(database, state);
            return await (deadline is null ? reply : deadline.WaitAsync(reply)).ConfigureAwait(false);
        }
        catch (Exception fault) when (StoreFault.Classify(fault, write) is { } outage)
        {
            throw outage;
        }
    }
}
