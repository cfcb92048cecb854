#if EMBEDDED_STORE
using FastKv.Redis;
using FastKv.Tests.Harness;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>What the service's scripts rely on, on the embedded store too: a script runs as if it were alone.</summary>
public sealed class EmbeddedScriptTests
{
    private const int Connections = 8;
    private const int RunsOfEach = 50;

    // Counts in a string, two sorted sets and another string. Refuses if they disagree: then another script is half-way. What it
    // reads in between gives that one time to be.
    private const string CountScript = """
        local first = tonumber(redis.call('GET', KEYS[1]) or 0)
        local second = tonumber(redis.call('ZSCORE', KEYS[2], 'count') or 0)
        local third = tonumber(redis.call('ZSCORE', KEYS[3], 'count') or 0)
        local fourth = tonumber(redis.call('GET', KEYS[4]) or 0)
        if first ~= second or first ~= third or first ~= fourth then return -1 end
        redis.call('SET', KEYS[1], first + 1)
        for _ = 1, 20 do redis.call('GET', KEYS[4]) end
        redis.call('ZADD', KEYS[2], first + 1, 'count')
        redis.call('ZADD', KEYS[3], first + 1, 'count')
        for _ = 1, 20 do redis.call('GET', KEYS[1]) end
        redis.call('SET', KEYS[4], first + 1)
        return first + 1
        """;

    [Fact]
    public async Task Scripts_of_many_connections_on_the_same_keys_run_one_after_the_other()
    {
        using var directory = new TemporaryDirectory();
        using var store = EmbeddedStore.Start(directory.Path);
        RedisKey[] keys = ["value", "keys", "expiry", "done"];

        var counts = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => CountAsync(store, keys)));

        Assert.Equal(Enumerable.Range(1, Connections * RunsOfEach), counts.SelectMany(c => c).Order());
    }

    private static async Task<List<int>> CountAsync(EmbeddedStore store, RedisKey[] keys)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(
            // As long as it takes: the suite runs many services beside this one.
            $"{store.ConnectionString},asyncTimeout=60000"
        );
        var counts = new List<int>();
        for (var run = 0; run < RunsOfEach; run++)
        {
            counts.Add((int)await connection.GetDatabase().ScriptEvaluateAsync(CountScript, keys));
        }

        return counts;
    }
}
#endif
