using System.Globalization;
using FastKv.Load.Bench;
using FastKv.Load.Scenarios;
using FastKv.Tests.Faults;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Abuse;

/// <summary>
/// What a client sizes can't take the memory or the way to Redis from the others: under the memory limit of k8s/base, with far
/// more large values under way than fit in it. <c>.ci/memory</c> runs it for longer.
/// </summary>
[Collection(nameof(Alone))]
public sealed class MemoryTests(ITestOutputHelper output)
{
    private const int MiB = 1024 * 1024;
    private const string LostConnection = "A connection to Redis was lost";

    // Three quarters of the container's 1 GiB: what the runtime takes for its heap there by itself.
    private const string HeapLimit = "0x30000000";
    private const long ContainerLimit = 1024L * MiB;

    // The suite shares its machine and is not optimized code: it puts on less.
    private static bool IsLong => Environment.GetEnvironmentVariable("FASTKV_MEMORY_SECONDS") is not null;

    // All clients are at work within the first second, and from then on each second is like the one before.
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(
        double.Parse(Environment.GetEnvironmentVariable("FASTKV_MEMORY_SECONDS") ?? "5", CultureInfo.InvariantCulture)
    );

    // What small requests take without pressure is measured for people who read it; the suite checks nothing of it.
    private static readonly TimeSpan QuietTime = IsLong ? TimeSpan.FromSeconds(2) : TimeSpan.Zero;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Large_values_take_no_more_than_their_share(bool overHttp2)
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync();
        var port = Wait.FreePort();
        await using var service = await FastKvProcess.StartAsync(
            redis.ConnectionString,
            ("DOTNET_GCHeapHardLimit", HeapLimit),
            ("FastKv__Http__Http2Port", $"{port}")
        );
        var pressure = new LargeValuePressure(
            service.Address,
            overHttp2 ? new Uri($"http://127.0.0.1:{port}") : null,
            await AccountAsync(service),
            await AccountAsync(service)
        );
        if (!IsLong)
        {
            pressure = pressure with { Readers = 64, Writers = 8, HalfBodies = 40, SmallClients = 16 };
        }

        var before = ResidentBytes(service);
        var result = await pressure.RunAsync(QuietTime, Time, CancellationToken.None);
        var (most, log) = (MostResidentBytes(service), service.Log);

        output.WriteLine($"small: {RequestResult.Describe(result.Smalls)}");
        output.WriteLine(
            $"small, p99 in ms: {result.Quiet.P99Milliseconds} alone, {result.UnderPressure.P99Milliseconds}"
        );
        output.WriteLine($"reads: {RequestResult.Describe(result.Large.Reads)}");
        output.WriteLine($"writes: {RequestResult.Describe(result.Large.Writes)}");
        output.WriteLine($"half bodies: {RequestResult.Describe(result.Large.HalfBodies)}");
        output.WriteLine($"most resident: {most / MiB} MiB");
        Assert.False(service.HasExited, log);
        Assert.DoesNotContain("OutOfMemory", log, StringComparison.Ordinal);
        Assert.DoesNotContain(LostConnection, log, StringComparison.Ordinal);
        Assert.True(result.SmallSuccessPercent >= 99.9, RequestResult.Describe(result.Smalls));
        Assert.True(result.Large.Reads.GetValueOrDefault(RequestResult.Ok) > 0, "No large value was read.");
        Assert.True(
            !IsLong || result.Large.Writes.GetValueOrDefault(RequestResult.Ok) > 0,
            "No large value was written."
        );
        Assert.All(
            result.Large.Reads.Keys.Concat(result.Large.Writes.Keys),
            key =>
                Assert.True(
                    key is RequestResult.Ok or RequestResult.Unavailable,
                    RequestResult.Describe(result.Large.Reads) + RequestResult.Describe(result.Large.Writes)
                )
        );
        Assert.All(
            result.Large.HalfBodies.Keys,
            key =>
                Assert.True(key is "400" or RequestResult.Unavailable, RequestResult.Describe(result.Large.HalfBodies))
        );
        Assert.True(most < ContainerLimit, $"{most / MiB} MiB were resident.");
        await Wait.UntilAsync(
            "the memory comes down",
            () => Task.FromResult(ResidentBytes(service) < before + (most - before) * 2 / 3),
            TimeSpan.FromSeconds(60)
        );
        output.WriteLine($"resident before: {before / MiB} MiB, afterwards: {ResidentBytes(service) / MiB} MiB");
    }

    [Fact]
    public async Task Behind_a_slow_link_many_large_readers_get_as_much_as_few_and_small_keys_are_answered()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync();
        await using var network = new TcpProxy(redis.Port);
        await using var service = await FastKvProcess.StartAsync($"127.0.0.1:{network.Port}");
        var pressure = new LargeValuePressure(
            service.Address,
            null,
            await AccountAsync(service),
            await AccountAsync(service)
        )
        {
            Readers = 4,
            Writers = 0,
            HalfBodies = 0,
            SmallClients = 8,
        };
        await pressure.RunAsync(TimeSpan.Zero, TimeSpan.Zero, CancellationToken.None);
        network.BytesPerSecond = 10_000_000;

        var few = await pressure.RunAsync(TimeSpan.Zero, Time, CancellationToken.None);
        var many = await (pressure with { Readers = 64 }).RunAsync(TimeSpan.Zero, Time, CancellationToken.None);

        output.WriteLine(
            $"4 readers: {RequestResult.Describe(few.Large.Reads)}; small {RequestResult.Describe(few.Smalls)}"
        );
        output.WriteLine(
            $"64 readers: {RequestResult.Describe(many.Large.Reads)}; small {RequestResult.Describe(many.Smalls)}"
        );
        Assert.True(many.LargeReadsPerSecond >= few.LargeReadsPerSecond / 2);
        Assert.All(many.Large.Reads.Keys, key => Assert.True(key is RequestResult.Ok or RequestResult.Unavailable));
        Assert.Equal([RequestResult.Ok], many.Smalls.Keys);
        Assert.DoesNotContain(LostConnection, service.Log, StringComparison.Ordinal);
    }

    private static async Task<Account> AccountAsync(FastKvProcess service)
    {
        using var client = new HttpClient { BaseAddress = service.Address };
        return await AccountMaker.MakeAsync(client, ApiClient.NewName("m"), CancellationToken.None);
    }

    private static long ResidentBytes(FastKvProcess service)
    {
        service.Process.Refresh();
        return service.Process.WorkingSet64;
    }

    // The system keeps the most by itself, so that no sample misses it.
    private static long MostResidentBytes(FastKvProcess service)
    {
        service.Process.Refresh();
        return service.Process.PeakWorkingSet64;
    }
}
