using FastKv.Telemetry;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Every command that the service sends. One place turns an outage into <see cref="StoreUnavailableException"/> (nothing was
/// done) or <see cref="OutcomeUnknownException"/> (a write that may have been); no command is ever sent twice.
/// </summary>
internal sealed class RedisCommands
{
    // Answers a value, nil for none, or the length of one that has more bytes than the argument. STRLEN fails on what is no string,
    // which MGET takes for none. Behind the entries stands, of each of their users, which sessions have ended: always short.
    private static readonly RedisScript ReadSmall = new(
        """
        local values = {}
        for i, key in ipairs(KEYS) do
          local length = redis.pcall('STRLEN', key)
          if type(length) ~= 'number' or length == 0 then
            values[i] = false
          elseif length > tonumber(ARGV[1]) then
            values[i] = length
          else
            values[i] = redis.call('GET', key)
          end
        end
        return values
        """
    );

    private static readonly RedisValue[] ReadSmallArguments = [SmallValue.MaximumLength];

    private readonly RedisConnection connection;
    private readonly LargeValueLane large;
    private readonly WriteGate gate;
    private readonly FailoverMonitor failover;
    private readonly UnknownErrorLog unknownErrors;
    private readonly TimeSpan timeout;
    private readonly RedisTelemetry telemetry;
    private readonly GetBatcher gets;

    public RedisCommands(
        RedisConnection connection,
        LargeValueLane large,
        WriteGate gate,
        FailoverMonitor failover,
        UnknownErrorLog unknownErrors,
        RedisOptions options
    )
    {
        this.connection = connection;
        this.large = large;
        this.gate = gate;
        this.failover = failover;
        this.unknownErrors = unknownErrors;
        timeout = options.CommandTimeout;
        telemetry = new RedisTelemetry(connection.EndPoint);
        gets = new GetBatcher(GetAloneAsync, GetTogetherAsync);
    }

    /// <summary>
    /// Reads a value that is small, or that it is not, and which sessions of its user have ended. Several reads at once travel as one
    /// command, and each request has a span of its own.
    /// </summary>
    public Task<SmallValue> GetSmallAsync(UserRead read) =>
        RedisTelemetry.IsRecorded
            ? MeasureAsync("GET", Measured.Span, static (self, read) => self.SendGetAsync(read), read)
            : SendGetAsync(read);

    /// <summary><c>GET</c> of a value that is large: null if the key does not exist. Its memory goes back when it is disposed of.</summary>
    public Task<Lease<byte>?> GetLargeAsync(RedisKey key, StoreDeadline deadline) =>
        RunAsync(
            "GET",
            CommandKind.Read,
            static (database, key) => database.StringGetLeaseAsync(key),
            key,
            deadline,
            isLarge: true
        );

    /// <summary><c>GET</c>.</summary>
    public Task<RedisValue> GetAsync(RedisKey key, StoreDeadline? deadline = null) =>
        RunAsync("GET", CommandKind.Read, static (database, key) => database.StringGetAsync(key), key, deadline);

    /// <summary><c>SET … EX</c>: for what may go by itself.</summary>
    public Task<bool> SetForAsync(TimeSpan lifetime, RedisKey key, RedisValue value) =>
        RunAsync(
            "SET",
            CommandKind.Write,
            static (database, entry) => database.StringSetAsync(entry.key, entry.value, entry.lifetime),
            (key, value, lifetime)
        );

    /// <summary><c>DEL</c>: false if the key does not exist.</summary>
    public Task<bool> DeleteAsync(RedisKey key) =>
        RunAsync("DEL", CommandKind.Write, static (database, key) => database.KeyDeleteAsync(key), key);

    /// <summary><c>PTTL</c>: null if the key does not exist.</summary>
    public Task<TimeSpan?> TimeToLiveAsync(RedisKey key) =>
        RunAsync("PTTL", CommandKind.Read, static (database, key) => database.KeyTimeToLiveAsync(key), key);

    /// <summary><c>TYPE</c>.</summary>
    public Task<RedisType> TypeAsync(RedisKey key) =>
        RunAsync("TYPE", CommandKind.Read, static (database, key) => database.KeyTypeAsync(key), key);

    public Task<HashEntry[]> GetHashAsync(RedisKey key) =>
        RunAsync("HGETALL", CommandKind.Read, static (database, key) => database.HashGetAllAsync(key), key);

    public Task<RedisValue> GetHashFieldAsync(RedisKey key, RedisValue field, StoreDeadline? deadline = null) =>
        RunAsync(
            "HGET",
            CommandKind.Read,
            static (database, pair) => database.HashGetAsync(pair.key, pair.field),
            (key, field),
            deadline
        );

    /// <summary><c>HMGET</c>: null for each field that is not there.</summary>
    public Task<RedisValue[]> GetHashFieldsAsync(RedisKey key, RedisValue[] fields) =>
        RunAsync(
            "HMGET",
            CommandKind.Read,
            static (database, hash) => database.HashGetAsync(hash.key, hash.fields),
            (key, fields)
        );

    public Task<bool> SetHashFieldAsync(
        RedisKey key,
        RedisValue field,
        RedisValue value,
        StoreDeadline? deadline = null
    ) =>
        RunAsync(
            "HSET",
            CommandKind.Write,
            static (database, entry) => database.HashSetAsync(entry.key, entry.field, entry.value),
            (key, field, value),
            deadline
        );

    /// <summary><c>HDEL</c>: false if there is no such field.</summary>
    public Task<bool> DeleteHashFieldAsync(RedisKey key, RedisValue field) =>
        RunAsync(
            "HDEL",
            CommandKind.Write,
            static (database, pair) => database.HashDeleteAsync(pair.key, pair.field),
            (key, field)
        );

    /// <summary>Runs a short Lua script on one key, so that it is right on a cluster too. It goes whole each time (<c>EVAL</c>).</summary>
    public Task<RedisResult> EvaluateAsync(
        string script,
        RedisKey key,
        RedisValue[] arguments,
        StoreDeadline? deadline = null
    ) =>
        RunAsync(
            "EVAL",
            CommandKind.Script,
            static (database, call) =>
                database.ScriptEvaluateAsync(call.script, [call.key], call.arguments, CommandFlags.NoScriptCache),
            (script, key, arguments),
            deadline
        );

    /// <summary>Runs a script that only reads, or that loses nothing when it ends midway.</summary>
    /// <param name="script">What to run.</param>
    /// <param name="keys">Its keys, all of one slot.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="isLarge">Whether more than a small value comes or goes with it.</param>
    /// <param name="deadline">By when it must be answered, if not by the timeout of a command.</param>
    public Task<RedisResult> ReadAsync(
        RedisScript script,
        RedisKey[] keys,
        RedisValue[] arguments,
        bool isLarge = false,
        StoreDeadline? deadline = null
    ) => EvaluateAsync(script, CommandKind.Read, keys, arguments, isLarge, deadline);

    /// <summary>
    /// Runs a script that writes, and that answers with an error only if it has written nothing. A reply that is lost leaves it open
    /// whether it did.
    /// </summary>
    /// <inheritdoc cref="ReadAsync(RedisScript, RedisKey[], RedisValue[], bool, StoreDeadline?)"/>
    public Task<RedisResult> WriteAsync(
        RedisScript script,
        RedisKey[] keys,
        RedisValue[] arguments,
        bool isLarge,
        StoreDeadline? deadline = null
    ) => EvaluateAsync(script, CommandKind.Write, keys, arguments, isLarge, deadline);

    private Task<RedisResult> EvaluateAsync(
        RedisScript script,
        CommandKind kind,
        RedisKey[] keys,
        RedisValue[] arguments,
        bool isLarge,
        StoreDeadline? deadline
    ) =>
        RunAsync(
            "EVALSHA",
            kind,
            static (database, call) => call.script.EvaluateAsync(database, call.keys, call.arguments),
            (script, keys, arguments),
            deadline,
            isLarge,
            ifUnknown: static (database, call) => call.script.LoadAndEvaluateAsync(database, call.keys, call.arguments)
        );

    /// <summary>
    /// Whether Redis answers and takes writes: PING alone is answered by a server that is out of memory or read-only, too.
    /// </summary>
    /// <returns>In a word why it does not; null if it does.</returns>
    public async Task<string?> ProbeAsync(RedisKey key)
    {
        try
        {
            await SetForAsync(RedisKeys.ProbeLifetime, key, RedisValue.EmptyString);
            return null;
        }
        catch (StoreUnavailableException outage)
        {
            return outage.Reason;
        }
        catch (OutcomeUnknownException outage)
        {
            return outage.Reason;
        }
    }

    private Task<SmallValue> SendGetAsync(UserRead read) => gets.GetAsync(read, connection.SlotOf(read.Key));

    private async Task<SmallValue> GetAloneAsync(UserRead read) =>
        ValueOf(await ReadSmallAsync([read.Key, read.Ended]).ConfigureAwait(false), 0, 1);

    private async Task<SmallValue[]> GetTogetherAsync(UserRead[] reads)
    {
        // What a user's sessions are is asked once, for all of their reads, behind the entries.
        var (endedAt, end) = (new int[reads.Length], reads.Length);
        for (var i = 0; i < reads.Length; i++)
        {
            var same = i > 0 && reads[i - 1].UserId == reads[i].UserId ? i - 1 : FirstOf(reads, reads[i].UserId);
            endedAt[i] = same < i ? endedAt[same] : end++;
        }

        var names = new RedisKey[end];
        for (var i = 0; i < reads.Length; i++)
        {
            names[i] = reads[i].Key;
            names[endedAt[i]] = reads[i].Ended;
        }

        var reply = await ReadSmallAsync(names).ConfigureAwait(false);
        var values = new SmallValue[reads.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = ValueOf(reply, i, endedAt[i]);
        }

        return values;
    }

    private static int FirstOf(UserRead[] reads, string userId)
    {
        var i = 0;
        while (reads[i].UserId != userId)
        {
            i++;
        }

        return i;
    }

    private static SmallValue ValueOf(RedisResult reply, int valueAt, int endedAt)
    {
        var (value, ended) = (reply[valueAt], (RedisValue)reply[endedAt]);
        return value.Resp2Type == ResultType.Integer
            ? new SmallValue(RedisValue.Null, true, ended)
            : new SmallValue((RedisValue)value, false, ended);
    }

    private Task<RedisResult> ReadSmallAsync(RedisKey[] names) =>
        ReadAsync(
            "EVALSHA",
            static (database, names) => ReadSmall.EvaluateAsync(database, names, ReadSmallArguments),
            names,
            ifUnknown: static (database, names) => ReadSmall.LoadAndEvaluateAsync(database, names, ReadSmallArguments)
        );

    private Task<TResult> ReadAsync<TState, TResult>(
        string operation,
        Func<IDatabase, TState, Task<TResult>> command,
        TState state,
        Func<IDatabase, TState, Task<TResult>>? ifUnknown = null
    ) =>
        RedisTelemetry.IsOn
            ? MeasureAsync(
                operation,
                Measured.Duration,
                static (self, call) =>
                    self.SendAsync(
                        call.operation,
                        CommandKind.Read,
                        call.command,
                        call.state,
                        ifUnknown: call.ifUnknown
                    ),
                (operation, command, state, ifUnknown)
            )
            : SendAsync(operation, CommandKind.Read, command, state, ifUnknown: ifUnknown);

    private Task<TResult> RunAsync<TState, TResult>(
        string operation,
        CommandKind kind,
        Func<IDatabase, TState, Task<TResult>> command,
        TState state,
        StoreDeadline? deadline = null,
        bool isLarge = false,
        Func<IDatabase, TState, Task<TResult>>? ifUnknown = null
    ) =>
        RedisTelemetry.IsOn
            ? MeasureAsync(
                operation,
                Measured.Both,
                static (self, call) =>
                    self.SendAsync(
                        call.operation,
                        call.kind,
                        call.command,
                        call.state,
                        call.deadline,
                        call.isLarge,
                        call.ifUnknown
                    ),
                (operation, kind, command, state, deadline, isLarge, ifUnknown)
            )
            : SendAsync(operation, kind, command, state, deadline, isLarge, ifUnknown);

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

    /// <param name="operation">What it is called in logs and spans.</param>
    /// <param name="kind">What a lost reply means.</param>
    /// <param name="command">Sends it.</param>
    /// <param name="state">What it is about.</param>
    /// <param name="deadline">By when it must be answered, if not by the timeout of a command.</param>
    /// <param name="isLarge">Whether it takes the way of large values.</param>
    /// <param name="ifUnknown">Of a script: sends it whole, when the server did not know it and so did nothing.</param>
    private async Task<TResult> SendAsync<TState, TResult>(
        string operation,
        CommandKind kind,
        Func<IDatabase, TState, Task<TResult>> command,
        TState state,
        StoreDeadline? deadline = null,
        bool isLarge = false,
        Func<IDatabase, TState, Task<TResult>>? ifUnknown = null
    )
    {
        if (kind is not CommandKind.Read)
        {
            gate.ThrowIfClosed();
        }

        deadline?.ThrowIfPassed();
        var database = (isLarge ? large.Connection : connection).Database;
        try
        {
            if (isLarge)
            {
                deadline ??= new StoreDeadline(timeout);
                return await deadline
                    .WaitAsync(large.SendAsync(database, command, state, deadline.Left))
                    .ConfigureAwait(false);
            }

            var reply = command(database, state);
            return await (deadline is null ? reply : deadline.WaitAsync(reply)).ConfigureAwait(false);
        }
        catch (Exception fault) when (ifUnknown is not null && RedisScript.IsUnknown(fault))
        {
            return await SendAsync(operation, kind, ifUnknown, state, deadline, isLarge).ConfigureAwait(false);
        }
        catch (Exception fault) when (StoreFault.Classify(fault, kind) is { } outage)
        {
            (isLarge ? large.Failover : failover).Observe(database.Multiplexer, fault);
            unknownErrors.Observe(operation, fault);
            throw outage;
        }
    }
}
