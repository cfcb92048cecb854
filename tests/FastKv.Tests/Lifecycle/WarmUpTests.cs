using System.Net;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Lifecycle;

public sealed class WarmUpTests
{
    // Counts what would stay: entries, and sets of their names.
    private const string Lasting =
        "local n = 0 for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('TTL', key) == -1 then n = n + 1 end end return n";

    [Fact]
    public async Task A_service_warms_up_before_it_is_ready_and_leaves_no_trace()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "There is no redis-server on the PATH.");
        await using var redis = await RedisServer.StartAsync();
        await using var service = FastKvProcess.Launch(
            redis.ConnectionString,
            ("FastKv__Http__WarmUpSeconds", "60"),
            ("FastKv__Http__Http2Port", $"{Wait.FreePort()}"),
            ("FastKv__Limits__DataRequestsPerSecondPerUser", "100")
        );
        await Wait.UntilAsync("it accepts", async () => await service.Api.IsLiveAsync());

        // Alive and serving, but not to be sent users yet.
        await Wait.UntilAsync(
            "it says that it warms up",
            async () =>
            {
                var early = await service.Api.GetAsync("/health/ready");
                early.Expect(HttpStatusCode.ServiceUnavailable);
                return early.Text.Contains("warming up", StringComparison.Ordinal);
            }
        );
        await Wait.UntilAsync(
            "it is ready",
            async () =>
            {
                Assert.Equal("0", await redis.CliAsync("eval", Lasting, "0"));
                return await service.Api.IsReadyAsync();
            },
            TimeSpan.FromMinutes(1)
        );

        await Wait.UntilAsync(
            "it says so",
            () => Task.FromResult(service.Log.Contains("Warmed up with", StringComparison.Ordinal))
        );
        Assert.Equal("fastkv:probe", await redis.CliAsync("keys", "*"));
    }

    [Fact]
    public async Task A_warm_up_that_is_cut_short_leaves_no_trace_either()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "There is no redis-server on the PATH.");
        await using var redis = await RedisServer.StartAsync();
        await using var service = FastKvProcess.Launch(
            redis.ConnectionString,
            ("FastKv__Http__WarmUpSeconds", "1"),
            ("FastKv__Http__Http2Port", $"{Wait.FreePort()}")
        );

        await service.UntilReadyAsync(TimeSpan.FromMinutes(1));
        await Wait.UntilAsync(
            "it says why",
            () => Task.FromResult(service.Log.Contains("Not warmed up", StringComparison.Ordinal))
        );

        Assert.Equal("fastkv:probe", await redis.CliAsync("keys", "*"));
    }

    [Fact]
    public async Task A_service_without_its_store_says_so_rather_than_that_it_warms_up()
    {
        await using var service = FastKvProcess.Launch(
            $"127.0.0.1:{Wait.FreePort()}",
            ("FastKv__Http__WarmUpSeconds", "60")
        );
        await Wait.UntilAsync("it accepts", async () => await service.Api.IsLiveAsync());

        var answer = await service.Api.GetAsync("/health/ready");

        answer.Expect(HttpStatusCode.ServiceUnavailable);
        Assert.Contains("Redis does not answer", answer.Text, StringComparison.Ordinal);
        Assert.Equal(0, await service.TerminateAsync());
    }
}
