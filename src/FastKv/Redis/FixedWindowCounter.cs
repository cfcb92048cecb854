using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>What an event was counted as.</summary>
/// <param name="LockedSeconds">Seconds until the window ends if there were more events than the limit, this one included; else 0.</param>
/// <param name="LastSeconds">The same if this was the last that may be; else 0.</param>
internal readonly record struct WindowCount(int LockedSeconds, int LastSeconds);

/// <summary>
/// Counts events in Redis, so that all replicas share the count. The first event of a key opens a window, and the count ends with
/// it. One key a call, so it is right on a cluster. If Redis fails, nothing is decided: the caller gets
/// <see cref="StoreUnavailableException"/>, also where an event may have been counted.
/// </summary>
internal sealed class FixedWindowCounter(RedisCommands redis)
{
    // Counts one event; returns how many there were, and the milliseconds until the window ends if these are all that may be, or more.
    private const string CountScript = """
        local count = redis.call('INCR', KEYS[1])
        if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
        if count >= tonumber(ARGV[2]) then return { count, redis.call('PTTL', KEYS[1]) } end
        return { count, 0 }
        """;

    /// <summary>Counts an event.</summary>
    public async Task<WindowCount> CountAsync(RedisKey key, int limit, int windowSeconds)
    {
        try
        {
            var reply = (long[])(await redis.EvaluateAsync(CountScript, key, [windowSeconds * 1000L, limit]))!;
            var seconds = reply[0] < limit ? 0 : Seconds(TimeSpan.FromMilliseconds(reply[1]));
            return new WindowCount(reply[0] > limit ? seconds : 0, reply[0] == limit ? seconds : 0);
        }
        catch (OutcomeUnknownException lost)
        {
            throw new StoreUnavailableException(lost.Reason, lost.InnerException);
        }
    }

    /// <summary>The events so far.</summary>
    public async Task<long> ReadAsync(RedisKey key) => (long)await redis.GetAsync(key);

    /// <summary>Seconds until the window ends, at least 1.</summary>
    public async Task<int> SecondsLeftAsync(RedisKey key) => Seconds(await redis.TimeToLiveAsync(key));

    /// <summary>Forgets the events.</summary>
    public async Task ResetAsync(RedisKey key)
    {
        try
        {
            await redis.DeleteAsync(key);
        }
        catch (OutcomeUnknownException lost)
        {
            throw new StoreUnavailableException(lost.Reason, lost.InnerException);
        }
    }

    private static int Seconds(TimeSpan? left) => Math.Max(1, (int)Math.Ceiling((left ?? TimeSpan.Zero).TotalSeconds));
}
