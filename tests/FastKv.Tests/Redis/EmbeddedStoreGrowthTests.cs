#if EMBEDDED_STORE
using System.Diagnostics;
using FastKv.Redis;
using FastKv.Tests.Harness;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>How long the embedded store's files become, and with them a start.</summary>
public sealed class EmbeddedStoreGrowthTests
{
    /// <summary>What is written, over and over, in bytes.</summary>
    private const long WrittenBytes = 384L << 20;

    [Fact]
    public async Task The_folder_stays_small_while_one_key_is_written_again_and_again_and_the_next_start_is_fast()
    {
        using var directory = new TemporaryDirectory();
        var value = new byte[20_000];
        long most = 0;
        using (var store = EmbeddedStore.Start(directory.Path))
        {
            using var compaction = new EmbeddedStoreCompaction(store, NullLogger<EmbeddedStoreCompaction>.Instance);
            await compaction.StartAsync(TestContext.Current.CancellationToken);
            await using var connection = await ConnectAsync(store);
            for (long written = 0; written < WrittenBytes; written += 50 * value.Length)
            {
                await Task.WhenAll(
                    Enumerable.Range(0, 50).Select(_ => connection.GetDatabase().StringSetAsync("key", value))
                );
                most = Math.Max(most, Bytes(directory));
            }

            Random.Shared.NextBytes(value);
            await connection.GetDatabase().StringSetAsync("key", value);
            await compaction.StopAsync(TestContext.Current.CancellationToken);
        }

        // What is worth no compaction, what was written before one began and during it (much, on a machine that is starved), two files
        // that are in part forgotten, and the reserve.
        Assert.InRange(most, 1, WrittenBytes * 3 / 4);
        var start = Stopwatch.StartNew();
        using var again = EmbeddedStore.Start(directory.Path);
        Assert.InRange(start.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await using var connectionAgain = await ConnectAsync(again);
        Assert.Equal(value, (byte[]?)await connectionAgain.GetDatabase().StringGetAsync("key"));
    }

    [Fact]
    public async Task A_log_in_one_file_of_an_earlier_version_is_split_and_read()
    {
        using var directory = new TemporaryDirectory();
        using (var store = EmbeddedStore.Start(directory.Path))
        {
            await using var connection = await ConnectAsync(store);
            for (var i = 0; i < 40; i++)
            {
                await connection.GetDatabase().StringSetAsync($"key {i}", new string((char)('a' + (i % 26)), 1 << 20));
            }
        }

        var log = Path.Combine(directory.Path, "AOF");
        await using (var whole = File.OpenWrite(Path.Combine(log, "aof.log.0")))
        {
            whole.Seek(0, SeekOrigin.End);
            for (var number = 1; number < 3; number++)
            {
                var part = Path.Combine(log, $"aof.log.{number}");
                await whole.WriteAsync(
                    await File.ReadAllBytesAsync(part, TestContext.Current.CancellationToken),
                    TestContext.Current.CancellationToken
                );
                File.Delete(part);
            }
        }

        using var again = EmbeddedStore.Start(directory.Path);
        await using var connectionAgain = await ConnectAsync(again);
        for (var i = 0; i < 40; i++)
        {
            var value = (string?)await connectionAgain.GetDatabase().StringGetAsync($"key {i}");
            Assert.Equal(new string((char)('a' + (i % 26)), 1 << 20), value);
        }
    }

    private static Task<ConnectionMultiplexer> ConnectAsync(EmbeddedStore store) =>
        // As long as it takes: the suite runs many services beside this one.
        ConnectionMultiplexer.ConnectAsync($"{store.ConnectionString},asyncTimeout=60000");

    private static long Bytes(TemporaryDirectory directory)
    {
        try
        {
            return new DirectoryInfo(directory.Path)
                .EnumerateFiles("*", SearchOption.AllDirectories)
                .Sum(file => file.Length);
        }
        catch (FileNotFoundException)
        {
            // Deleted meanwhile.
            return 0;
        }
    }
}
#endif
