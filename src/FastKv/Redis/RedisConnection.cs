using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// The one multiplexer of the process, until a failover puts another in its place (<see cref="FailoverMonitor"/>). It connects in
/// the background and for as long as it takes: a Redis that is down at start makes the service not ready, and nothing else.
/// </summary>
internal sealed partial class RedisConnection(ConfigurationOptions configuration, ILogger<RedisConnection> logger)
    : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>After so long another attempt to connect is made beside those that have not ended.</summary>
    private static readonly TimeSpan AttemptInterval = TimeSpan.FromSeconds(2);

    private const int MaximumAttempts = 3;

    private volatile ConnectionMultiplexer? multiplexer;

    /// <summary>A server is connected, for the first time or again.</summary>
    public event Action<IServer>? Connected;

    /// <summary>The multiplexer in use; null as long as there has been no connection.</summary>
    public ConnectionMultiplexer? Multiplexer => multiplexer;

    /// <summary>The database to send commands to.</summary>
    /// <exception cref="StoreUnavailableException">There has been no connection yet.</exception>
    public IDatabase Database => multiplexer?.GetDatabase() ?? throw new StoreUnavailableException("NotConnectedYet");

    /// <summary>The slot of a key on a cluster; -1 on a server without slots, and while there is no connection.</summary>
    public int SlotOf(RedisKey key) => multiplexer?.GetHashSlot(key) ?? -1;

    /// <summary>Whether there is a connection to any server.</summary>
    public bool IsConnected => multiplexer is { IsConnected: true };

    /// <summary>Servers that are no replicas, as far as is known, and to which there is no connection.</summary>
    public IReadOnlyList<System.Net.EndPoint> LostMasters =>
        multiplexer is { } known
            ? [.. known.GetServers().Where(s => !s.IsConnected && !s.IsReplica).Select(s => s.EndPoint)]
            : [];

    /// <summary>The server that a write of this key goes to; the first of the configuration if there is none.</summary>
    public System.Net.EndPoint ServerOf(RedisKey key)
    {
        try
        {
            return multiplexer?.GetServer(key, flags: CommandFlags.DemandMaster).EndPoint ?? EndPoint;
        }
        catch (Exception exception) when (exception is RedisException or InvalidOperationException)
        {
            return EndPoint;
        }
    }

    /// <summary>Where commands go, for telemetry: the first server of the configuration.</summary>
    public System.Net.EndPoint EndPoint { get; } = configuration.EndPoints[0];

    /// <summary>Sends commands over this multiplexer from now on; the one before it is left to the caller to close.</summary>
    public void Use(ConnectionMultiplexer connected)
    {
        if (multiplexer is { } before)
        {
            before.ConnectionFailed -= OnLost;
            before.ConnectionRestored -= OnRestored;
        }

        connected.ConnectionFailed += OnLost;
        connected.ConnectionRestored += OnRestored;
        multiplexer = connected;
        foreach (var server in connected.GetServers().Where(server => server.IsConnected))
        {
            Connected?.Invoke(server);
        }
    }

    /// <summary>Every server that is known, and whether it is connected.</summary>
    public IEnumerable<(System.Net.EndPoint Server, bool IsConnected)> Servers =>
        multiplexer is { } known
            ? known.GetServers().Select(server => (server.EndPoint, server.IsConnected))
            : configuration.EndPoints.Select(server => (server, false));

    // Where the connection string maps commands, a server may have a second connection, for messages between its clients, which goes
    // and comes with the first.
    private void OnLost(object? sender, ConnectionFailedEventArgs failure)
    {
        if (failure.ConnectionType == ConnectionType.Interactive)
        {
            LogLost(failure.FailureType);
        }
    }

    private void OnRestored(object? sender, ConnectionFailedEventArgs connection)
    {
        if (connection.ConnectionType == ConnectionType.Interactive)
        {
            LogRestored();
            if (
                multiplexer?.GetServers().FirstOrDefault(known => known.EndPoint.Equals(connection.EndPoint)) is
                { } server
            )
            {
                Connected?.Invoke(server);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                Use(await ConnectAsync(stoppingToken));
                return;
            }
            catch (Exception exception)
            {
                // Of whatever kind: an exception that leaves here is logged with its message and ends the service.
                var cause = exception.GetType().Name;
                LogNotReachable(cause);
                await Task.Delay(RetryDelay, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>
    /// A multiplexer, connected or still trying. StackExchange.Redis does not notice a connection that was refused before it began to
    /// wait for it, waits for the whole of connectTimeout, and tries nothing meanwhile; so an attempt that takes long, on a slow link
    /// too, gets others beside it, and the first that ends is taken.
    /// </summary>
    private async Task<ConnectionMultiplexer> ConnectAsync(CancellationToken stoppingToken)
    {
        var attempts = new List<Task<ConnectionMultiplexer>>();
        try
        {
            while (true)
            {
                if (attempts.Count < MaximumAttempts)
                {
                    attempts.Add(ConnectionMultiplexer.ConnectAsync(configuration));
                }

                var anyAsync = Task.WhenAny(attempts);
                await Task.WhenAny(anyAsync, Task.Delay(AttemptInterval, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
                if (anyAsync.IsCompleted)
                {
                    var first = await anyAsync;
                    attempts.Remove(first);
                    return await first;
                }
            }
        }
        finally
        {
            attempts.ForEach(late => _ = DisposeAsync(late));
        }

        static async Task DisposeAsync(Task<ConnectionMultiplexer> attempt)
        {
            await ((Task)attempt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (attempt.IsCompletedSuccessfully)
            {
                await (await attempt).DisposeAsync();
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (multiplexer is { } connected)
        {
            await connected.DisposeAsync();
        }
    }

    // Why, and since when, is told by RedisDiagnostics.
    [LoggerMessage(Level = LogLevel.Debug, Message = "Redis can't be reached ({Cause}); trying again.")]
    private partial void LogNotReachable(string cause);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "A connection to Redis was lost ({FailureType}); reconnecting."
    )]
    private partial void LogLost(ConnectionFailureType failureType);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A connection to Redis is back.")]
    private partial void LogRestored();
}
