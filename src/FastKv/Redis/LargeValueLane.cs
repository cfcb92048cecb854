using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// The way to Redis of large values: a connection of its own, so that small commands do not wait behind them, and few at once, so
/// that those that are under way arrive in time also when the network is slow.
/// </summary>
internal sealed class LargeValueLane(RedisConnection connection, FailoverMonitor failover) : IHostedService, IDisposable
{
    /// <summary>Commands under way. Two fill the way also when it is long; each further one makes all of them later.</summary>
    private const int MaximumUnderWay = 2;

    private readonly SemaphoreSlim places = new(MaximumUnderWay);

    public RedisConnection Connection => connection;

    /// <summary>Has this connection, too, leave a server that is no longer the master.</summary>
    public FailoverMonitor Failover => failover;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await connection.StartAsync(cancellationToken);
        await failover.StartAsync(cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await failover.StopAsync(cancellationToken);
        await connection.StopAsync(cancellationToken);
    }

    /// <summary>Sends a command when there is a place for it.</summary>
    /// <exception cref="StoreUnavailableException">There was none within half of the time that is left; nothing was sent.</exception>
    public async Task<TResult> SendAsync<TState, TResult>(
        IDatabase database,
        Func<IDatabase, TState, Task<TResult>> command,
        TState state,
        TimeSpan timeLeft
    )
    {
        if (!await places.WaitAsync(timeLeft / 2).ConfigureAwait(false))
        {
            throw new StoreUnavailableException("LargeValuesQueue");
        }

        try
        {
            return await command(database, state).ConfigureAwait(false);
        }
        finally
        {
            places.Release();
        }
    }

    public void Dispose()
    {
        failover.Dispose();
        connection.Dispose();
        places.Dispose();
    }
}
