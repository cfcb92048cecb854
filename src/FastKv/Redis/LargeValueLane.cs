using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// The way to Redis of large values: a connection of its own, so that small commands do not wait behind them, and few at once, so
/// that those that are under way arrive in time also when the network is slow.
/// </summary>
internal sealed class LargeValueLane(RedisConnection connection) : IDisposable
{
    /// <summary>The key under which the connection is registered.</summary>
    public const string Name = "large";

    /// <summary>Commands under way. Two fill the way also when it is long; each further one makes all of them later.</summary>
    private const int MaximumUnderWay = 2;

    private readonly SemaphoreSlim places = new(MaximumUnderWay);

    /// <summary>Sends a command when there is a place for it.</summary>
    /// <exception cref="StoreUnavailableException">There was none within half of the time that is left; nothing was sent.</exception>
    public async Task<TResult> SendAsync<TState, TResult>(
        Func<IDatabase, TState, Task<TResult>> command,
        TState state,
        TimeSpan timeLeft
    )
    {
        var database = connection.Database;
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

    public void Dispose() => places.Dispose();
}
