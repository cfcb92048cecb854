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
        await UntilSaysReadyAsync(service);
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
        await UntilSaysReadyAsync(service);
        Assert.All(
            LinesOf(service),
            line => Assert.Contains("\"LogLevel\":\"Information\"", line, StringComparison.Ordinal)
        );
        Assert.All(LinesOf(service), line => Assert.DoesNotContain("Exception", line, StringComparison.Ordinal));

        Assert.Equal("fastkv:probe", await redis.CliAsync("keys", "*"));
    }

    [Fact]
    public async Task A_service_that_is_told_to_stop_while_it_warms_up_says_nothing_of_it()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "There is no redis-server on the PATH.");
        await using var redis = await RedisServer.StartAsync();
        await using var service = FastKvProcess.Launch(
            redis.ConnectionString,
            ("FastKv__Http__WarmUpSeconds", "60"),
            ("FastKv__Http__DrainSeconds", "0")
        );
        await Wait.UntilAsync(
            "it warms up",
            async () =>
                await service.Api.IsLiveAsync()
                && (await service.Api.GetAsync("/health/ready")).Text.Contains("warming up", StringComparison.Ordinal)
        );

        Assert.Equal(0, await service.TerminateAsync());
        Assert.All(
            LinesOf(service),
            line => Assert.Contains("\"LogLevel\":\"Information\"", line, StringComparison.Ordinal)
        );
        Assert.All(LinesOf(service), line => Assert.DoesNotContain("Exception", line, StringComparison.Ordinal));
        Assert.DoesNotContain("Ready:", service.Log, StringComparison.Ordinal);
        Assert.Equal("fastkv:probe", await redis.CliAsync("keys", "*"));
    }

    [Theory]
    [InlineData("Development", null, false)]
    [InlineData("Development", "60", true)]
    [InlineData("Production", null, true)]
    public async Task A_developer_does_not_wait_for_the_warm_up(string environment, string? seconds, bool warmsUp)
    {
        using var directory = new TemporaryDirectory();
        await using var service = FastKvProcess.Launch(
            null,
            ("FastKv__DataDirectory", directory.Path),
            ("ASPNETCORE_ENVIRONMENT", environment),
            ("FastKv__Http__WarmUpSeconds", seconds),
            ("ASPNETCORE_URLS", $"http://localhost:{Wait.FreePort()}")
        );
        await UntilSaysReadyAsync(service);

        Assert.Equal(warmsUp, service.Log.Contains("armed up", StringComparison.Ordinal));
        Assert.Matches("Ready: http://localhost:[0-9]+, documentation at /docs", service.Log);
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(service.Log, "\"Message\":\"Ready:"));
    }

    private static IEnumerable<string> LinesOf(FastKvProcess service) =>
        service.Log.Split('\n').Where(line => line.Contains("FastKv.Health.WarmUp", StringComparison.Ordinal));

    private static Task UntilSaysReadyAsync(FastKvProcess service) =>
        Wait.UntilAsync(
            "it says that it is ready",
            () => Task.FromResult(service.Log.Contains("Ready: http://", StringComparison.Ordinal)),
            TimeSpan.FromMinutes(1)
        );

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
        Assert.DoesNotContain("Ready:", service.Log, StringComparison.Ordinal);
        Assert.Equal(0, await service.TerminateAsync());
    }
}
