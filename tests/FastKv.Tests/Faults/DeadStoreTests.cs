using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using FastKv.Tests.Auth;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Faults;

/// <summary>A store that is not there when the service starts, does not let it in, or is dead for long.</summary>
[Collection(FaultTests.Name)]
public sealed class DeadStoreTests(ITestOutputHelper output)
{
    /// <summary>
    /// How long a dead store is hammered: 4 seconds in the suite, in which there are tens of thousands of answers, more with
    /// FASTKV_FAULT_SECONDS.
    /// </summary>
    private static readonly TimeSpan HammerTime = TimeSpan.FromSeconds(
        int.Parse(Environment.GetEnvironmentVariable("FASTKV_FAULT_SECONDS") ?? "4", CultureInfo.InvariantCulture)
    );

    [Fact]
    public async Task Redis_that_is_not_there_at_start()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        var redis = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        var token = Jwt.Of("somebody").Signed();
        await redis.KillAsync();
        await using var service = FastKvProcess.Launch(redis.ConnectionString);
        await UntilLiveAsync(service);
        await using var traffic = Traffic.Start(service.Api, 8, token);

        await traffic.UntilAnsweredAsync(200, 503);
        await traffic.UntilReadinessIsAsync(503);
        redis = await redis.RestartAsync();

        await Recovery.CheckAsync(service.Api, token, output);
        await traffic.StopAndCheckAsync(output);
        await redis.DisposeAsync();
    }

    [Fact]
    public async Task A_wrong_password_that_is_put_right_in_Redis()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync("--requirepass", "one");
        var token = Jwt.Of("somebody").Signed();
        await using var service = FastKvProcess.Launch($"{redis.ConnectionString},password=two");
        await UntilLiveAsync(service);
        await using var traffic = Traffic.Start(service.Api, 8, token);

        await traffic.UntilAnsweredAsync(200, 503);
        await traffic.UntilReadinessIsAsync(503);
        Assert.Equal("OK", await redis.CliAsync("-a", "one", "config", "set", "requirepass", "two"));

        await Recovery.CheckAsync(service.Api, token, output);
        await traffic.StopAndCheckAsync(output);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Memory_and_threads_stay_bounded_while_64_clients_hammer_a_dead_store(bool isFrozen)
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        var redis = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        await using var service = await FastKvProcess.StartAsync(redis.ConnectionString);
        var token = await service.Api.NewUserTokenAsync();
        if (isFrozen)
        {
            redis.Signal("STOP");
        }
        else
        {
            await redis.KillAsync();
        }

        // What the program needs for being hammered at all comes first, so that what is measured after it is growth.
        await HammerAsync(service, token, TimeSpan.FromSeconds(3));
        var (memoryBefore, threadsBefore) = Usage(service);
        var answers = await HammerAsync(service, token, HammerTime);
        var (memory, threads) = Usage(service);

        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{answers} answers in {HammerTime.TotalSeconds} s, memory {memoryBefore} MB then {memory} MB, threads {threadsBefore} then {threads}"
            )
        );
        Assert.True(memory < memoryBefore + 50, $"Memory grew from {memoryBefore} MB to {memory} MB.");
        Assert.True(threads < threadsBefore + 20, $"Threads grew from {threadsBefore} to {threads}.");
        if (isFrozen)
        {
            redis.Signal("CONT");
        }
        else
        {
            redis = await redis.RestartAsync();
        }

        await Recovery.CheckAsync(service.Api, token, output);
        await redis.DisposeAsync();
    }

    [Fact]
    public async Task Large_values_that_a_frozen_store_does_not_take_hold_nobody_up()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync();
        await using var service = await FastKvProcess.StartAsync(redis.ConnectionString);
        var token = await service.Api.NewUserTokenAsync();
        var value = new string('x', 1024 * 1024);
        (await service.Api.StoreAsync(token, "first", value)).Expect(HttpStatusCode.Created);
        redis.Signal("STOP");

        // Far more than the buffers of both sockets hold, so that the connection stops in the middle of a command.
        var refused = new ConcurrentBag<string>();
        var slowest = TimeSpan.Zero;
        await Task.WhenAll(
            Enumerable
                .Range(0, 32)
                .Select(async i =>
                {
                    var start = Stopwatch.GetTimestamp();
                    var reply = await service.Api.StoreAsync(token, $"large-{i}", value);
                    var time = Stopwatch.GetElapsedTime(start);
                    slowest = time > slowest ? time : slowest;
                    Assert.True(reply.Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout);
                    if (reply.Status == HttpStatusCode.ServiceUnavailable)
                    {
                        refused.Add($"large-{i}");
                    }
                })
        );
        redis.Signal("CONT");
        await Recovery.CheckAsync(service.Api, token, output);

        output.WriteLine($"slowest {slowest.TotalMilliseconds:0} ms, {refused.Count} refused of 32");
        Assert.True(slowest < Traffic.AnswerBound, $"The slowest answer took {slowest.TotalSeconds:0.0} s.");
        foreach (var key in refused)
        {
            (await service.Api.RetrieveAsync(token, key)).Expect(HttpStatusCode.NotFound);
        }
    }

    private static async Task<int> HammerAsync(FastKvProcess service, string token, TimeSpan time)
    {
        var end = DateTime.UtcNow + time;
        var answers = 0;
        await Task.WhenAll(
            Enumerable
                .Range(0, 64)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        while (DateTime.UtcNow < end)
                        {
                            var reply = await service.Api.StoreAsync(token, ApiClient.NewName("k"), "v");
                            Assert.True(
                                reply.Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout
                            );
                            Interlocked.Increment(ref answers);
                        }
                    })
                )
        );
        return answers;
    }

    private static (long Megabytes, int Threads) Usage(FastKvProcess service)
    {
        service.Process.Refresh();
        return (service.Process.WorkingSet64 / 1024 / 1024, service.Process.Threads.Count);
    }

    private static Task UntilLiveAsync(FastKvProcess service) =>
        Wait.UntilAsync(
            "the service is live",
            async () =>
            {
                try
                {
                    return (await service.Api.GetAsync("/health/live")).Status == HttpStatusCode.OK;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            }
        );
}
