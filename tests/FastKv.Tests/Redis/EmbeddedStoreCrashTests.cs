#if EMBEDDED_STORE
using System.Collections.Concurrent;
using System.Globalization;
using FastKv.Tests.Harness;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>
/// The embedded store is killed again and again while clients write and its folder is compacted: everything that was answered is
/// there, and of a script either all or nothing.
/// </summary>
public sealed class EmbeddedStoreCrashTests
{
    /// <summary>FASTKV_TEST_KILLS asks for more.</summary>
    private static readonly int Kills = int.Parse(
        Environment.GetEnvironmentVariable("FASTKV_TEST_KILLS") ?? "4",
        CultureInfo.InvariantCulture
    );

    private const int Connections = 4;
    private const int Writers = 24;
    private const int KeysOfWriter = 8;

    // Of an entry: its value, which may expire, its place among the keys of its owner, when it expires, and the last write. Of its
    // owner: how many writes there were, once as a number and once in a hash.
    private const string WriteScript = """
        redis.call('INCR', KEYS[5])
        if ARGV[2] == '' then
          redis.call('DEL', KEYS[1])
          redis.call('ZREM', KEYS[2], ARGV[1])
        else
          redis.call('SET', KEYS[1], ARGV[2])
          redis.call('ZADD', KEYS[2], 0, ARGV[1])
        end
        if ARGV[4] == '' then
          redis.call('ZREM', KEYS[3], ARGV[1])
        else
          redis.call('PEXPIREAT', KEYS[1], ARGV[4])
          redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
        end
        redis.call('HINCRBY', KEYS[6], 'writes', 1)
        redis.call('SET', KEYS[4], ARGV[3])
        return 1
        """;

    [Fact]
    public async Task What_was_answered_survives_kills_amid_compactions_and_no_script_is_there_in_part()
    {
        using var directory = new TemporaryDirectory();
        var entries = new ConcurrentDictionary<(int Writer, int Key), Entry>();
        await using (var store = await EmbeddedStoreProcess.StartAsync(directory.Path))
        {
            await using var connection = await ConnectAsync(store);
            await WriteOnceAsync(connection.GetDatabase());
            await store.KillAsync();
        }

        var random = new Random();
        for (var round = 0; round < Kills; round++)
        {
            await using var store = await EmbeddedStoreProcess.StartAsync(directory.Path);
            await using (var connection = await ConnectAsync(store))
            {
                await ExpectOnceWrittenAsync(connection.GetDatabase());
                await ExpectEntriesAsync(connection.GetDatabase(), entries);
            }

            var writers = await WriteUntilKilledAsync(store, round, entries);
            var compactions = random.Next(3);
            await Wait.UntilAsync(
                "the folder is compacted",
                () => Task.FromResult(store.Compactions > compactions),
                TimeSpan.FromMinutes(1)
            );
            await Task.Delay(random.Next(400), TestContext.Current.CancellationToken);
            await store.KillAsync();
            await writers;
        }

        await using var last = await EmbeddedStoreProcess.StartAsync(directory.Path);
        await using var again = await ConnectAsync(last);
        await ExpectOnceWrittenAsync(again.GetDatabase());
        await ExpectEntriesAsync(again.GetDatabase(), entries);
    }

    private static async Task<ConnectionMultiplexer> ConnectAsync(EmbeddedStoreProcess store)
    {
        var options = ConfigurationOptions.Parse(store.ConnectionString);
        // As long as it takes on a busy machine, but nothing is sent to a store that was killed.
        options.AsyncTimeout = options.ConnectTimeout = 60_000;
        options.BacklogPolicy = BacklogPolicy.FailFast;
        return await ConnectionMultiplexer.ConnectAsync(options);
    }

    /// <summary>What is never written again, and has to be carried along by each compaction.</summary>
    private static async Task WriteOnceAsync(IDatabase database)
    {
        for (var i = 0; i < 500; i++)
        {
            await Task.WhenAll(
                database.StringSetAsync($"string:{i}", new string('s', i)),
                database.HashSetAsync($"hash:{i}", [new("name", $"n{i}"), new("other", new string('h', i))]),
                database.SortedSetAddAsync("set", $"member {i}", i)
            );
        }
    }

    private static async Task ExpectOnceWrittenAsync(IDatabase database)
    {
        Assert.Equal(
            Enumerable.Range(0, 500).Select(i => (RedisValue)$"member {i}"),
            await database.SortedSetRangeByRankAsync("set")
        );
        for (var i = 0; i < 500; i++)
        {
            Assert.Equal(new string('s', i), await database.StringGetAsync($"string:{i}"));
            Assert.Equal($"n{i}", await database.HashGetAsync($"hash:{i}", "name"));
        }
    }

    private static async Task ExpectEntriesAsync(
        IDatabase database,
        ConcurrentDictionary<(int Writer, int Key), Entry> entries
    )
    {
        var writes = new long[Writers];
        foreach (var ((writer, key), entry) in entries)
        {
            var (name, keys) = ($"{key}", KeysOf(writer, key));
            var found = (string?)await database.StringGetAsync(keys[3]);
            var write = found == entry.UnderWay?.Id ? entry.UnderWay : entry.Answered;
            Assert.Equal(write?.Id, found);
            var value = await database.StringGetAsync(keys[0]);
            Assert.Equal(write?.Value is { Length: > 0 } set ? set : null, (string?)value);
            Assert.Equal(value.HasValue, await database.SortedSetScoreAsync(keys[1], name) is not null);
            var expiry = write?.Expiry is { Length: > 0 } milliseconds
                ? double.Parse(milliseconds, System.Globalization.CultureInfo.InvariantCulture)
                : (double?)null;
            Assert.Equal(expiry, await database.SortedSetScoreAsync(keys[2], name));
            var expires = await database.KeyExpireTimeAsync(keys[0]);
            Assert.Equal(expiry, (expires - DateTime.UnixEpoch)?.TotalMilliseconds);
            var wereMore = write is not null && write == entry.UnderWay ? 1 : 0;
            entries[(writer, key)] = new(write, null, entry.Count + wereMore);
            writes[writer] += entry.Count + wereMore;
        }

        for (var writer = 0; writer < Writers; writer++)
        {
            var keys = KeysOf(writer, 0);
            Assert.Equal(writes[writer], (long)await database.StringGetAsync(keys[4]));
            Assert.Equal(writes[writer], (long)await database.HashGetAsync(keys[5], "writes"));
        }
    }

    private static async Task<Task> WriteUntilKilledAsync(
        EmbeddedStoreProcess store,
        int round,
        ConcurrentDictionary<(int Writer, int Key), Entry> entries
    )
    {
        var connections = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => ConnectAsync(store)));
        return EndAsync();

        async Task EndAsync()
        {
            await Task.WhenAll(
                Enumerable
                    .Range(0, Writers)
                    .Select(writer => WriteAsync(connections[writer % Connections].GetDatabase(), writer))
            );
            foreach (var connection in connections)
            {
                await connection.DisposeAsync();
            }
        }

        async Task WriteAsync(IDatabase database, int writer)
        {
            var random = new Random(1000 * round + writer);
            try
            {
                for (var i = 0; ; i++)
                {
                    var key = random.Next(KeysOfWriter);
                    var write = NewWrite($"{round}-{writer}-{i}", random);
                    var entry = entries.GetValueOrDefault((writer, key), new(null, null, 0));
                    entries[(writer, key)] = entry with { UnderWay = write };
                    await database.ScriptEvaluateAsync(
                        WriteScript,
                        KeysOf(writer, key),
                        [$"{key}", write.Value, write.Id, write.Expiry]
                    );
                    entries[(writer, key)] = new(write, null, entry.Count + 1);
                }
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                // Killed.
            }
        }
    }

    private static Write NewWrite(string id, Random random)
    {
        var value = random.Next(8) == 0 ? "" : id + new string('v', random.Next(3) == 0 ? 60_000 : random.Next(2_000));
        var expires = value.Length > 0 && random.Next(3) == 0;
        return new(id, value, expires ? $"{DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds()}" : "");
    }

    private static RedisKey[] KeysOf(int writer, int key) =>
        [
            $"value:{writer}:{key}",
            $"keys:{writer}",
            $"expiry:{writer}",
            $"write:{writer}:{key}",
            $"writes:{writer}",
            $"counts:{writer}",
        ];

    /// <summary>One run of the script.</summary>
    private sealed record Write(string Id, string Value, string Expiry);

    /// <summary>
    /// The last write of an entry that was answered, one that was not yet when the store was killed, and how many were carried out.
    /// </summary>
    private sealed record Entry(Write? Answered, Write? UnderWay, long Count);
}
#endif
