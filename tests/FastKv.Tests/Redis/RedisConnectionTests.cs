using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Auth;
using FastKv.Tests.Faults;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Redis;

public sealed class RedisConnectionTests
{
    [Fact]
    public async Task A_Redis_that_is_down_at_start_makes_the_service_not_ready_until_it_is_up()
    {
        Assert.SkipUnless(
            RedisServer.IsInstalled,
            "This test stops and starts a redis-server of its own; none is installed."
        );
        await using var stopped = await RedisServer.StartAsync();
        await stopped.KillAsync();
        await using var service = FastKvProcess.Launch(stopped.ConnectionString);
        await Wait.UntilAsync("the service answers", () => AnswersAsync(service));

        (await service.Api.GetAsync("/health/live")).ExpectSuccess(HttpStatusCode.OK, """{"status":"live"}""");
        (await service.Api.GetAsync("/health/ready")).Expect(HttpStatusCode.ServiceUnavailable).ExpectWholeJson();
        var token = Jwt.Of("some-user").Signed();
        var refused = (await service.Api.StoreAsync(token, "k", "v")).ExpectError("STORE_UNAVAILABLE");
        await Wait.UntilAsync(
            "the log has the id of the trace",
            () =>
                Task.FromResult(
                    service.Log.Contains(refused.Json["trace_id"]!.GetValue<string>(), StringComparison.Ordinal)
                )
        );
        (await service.Api.RetrieveAsync(token, "k")).ExpectError("STORE_UNAVAILABLE");
        (await service.Api.UpdateAsync(token, "k", "v")).ExpectError("STORE_UNAVAILABLE");
        (await service.Api.DeleteAsync(token, "k")).ExpectError("STORE_UNAVAILABLE");
        (await service.Api.PostAsync("/api/register", ApiClient.Registration())).ExpectError("STORE_UNAVAILABLE");
        (await service.Api.PostTextAsync("/api/token", """{"username":"u","password":"p"}""")).ExpectError(
            "STORE_UNAVAILABLE"
        );

        // What needs no store is decided as ever.
        (await service.Api.RetrieveAsync("no-token", "k")).ExpectError("INVALID_TOKEN");
        (await service.Api.PostTextAsync("/api/register", "{}")).ExpectError("INVALID_REQUEST");

        await using var started = await stopped.RestartAsync();
        await service.UntilReadyAsync();
        (await service.Api.GetAsync("/health/ready")).ExpectSuccess(HttpStatusCode.OK, """{"status":"ready"}""");
        await service.Api.NewUserTokenAsync();
        (await service.Api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task The_log_names_the_server_as_the_operator_does_and_says_once_what_became_of_its_connection()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "There is no redis-server on the PATH.");
        await using var server = await RedisServer.StartAsync();
        var name = $"localhost:{server.ConnectionString.Split(':', ',')[1]}";
        await using var service = await FastKvProcess.StartAsync(name, ("Logging__LogLevel__Default", "Debug"));

        await server.KillAsync();
        await Wait.UntilAsync("the log names it", () => Task.FromResult(Said($"Redis at {name} can't be used") == 1));
        await using var again = await server.RestartAsync();
        await service.UntilReadyAsync();
        await Wait.UntilAsync("it is back", () => Task.FromResult(Said("Redis can be used again") == 1));

        Assert.Equal(1, Said($"Store: Redis at {name}."));
        Assert.Equal(1, Said("A connection to Redis was lost"));
        Assert.InRange(Said("A connection to Redis is back"), 0, 1);
        Assert.DoesNotContain("Unspecified/", service.Log, StringComparison.Ordinal);

        int Said(string text) =>
            service.Log.Split('\n').Count(line => line.Contains($"\"Message\":\"{text}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0.9, 15_000)]
    [InlineData(1.8, 15_000)]
    [InlineData(0.3, null)]
    public async Task A_slow_link_with_TLS_connects_within_the_time_that_the_operator_gives_it(
        double roundTripSeconds,
        int? connectTimeout
    )
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        using var directory = new TemporaryDirectory();
        var files = TlsCertificate.WriteTo(directory.Path);
        var port = Wait.FreePort();
        await using var redis = await RedisServer.StartAsync(TlsCertificate.RedisArguments(port, files));
        var roundTrip = TimeSpan.FromSeconds(roundTripSeconds);
        await using var network = new TcpProxy(port) { Delay = roundTrip, ConnectDelay = roundTrip };
        var written = connectTimeout is null ? "" : $",connectTimeout={connectTimeout}";
        await using var service = FastKvProcess.Launch(
            $"localhost:{network.Port},ssl=true{written}",
            ("SSL_CERT_FILE", files.Certificate),
            ("FastKv__Redis__TimeoutMilliseconds", "5000")
        );

        await service.UntilReadyAsync(TimeSpan.FromSeconds(20));
        await redis.CliAsync("client", "kill", "type", "normal");
        await Wait.UntilAsync("the connection is lost", async () => !await service.Api.IsReadyAsync());
        await service.UntilReadyAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_long_time_for_connecting_does_not_delay_the_return_of_Redis()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync();
        await redis.KillAsync();
        await using var service = FastKvProcess.Launch($"{redis.ConnectionString},connectTimeout=60000");
        await Wait.UntilAsync("the service answers", () => AnswersAsync(service));

        await using var started = await redis.RestartAsync();
        await service.UntilReadyAsync(TimeSpan.FromSeconds(15));
        await started.KillAsync();
        await Wait.UntilAsync("the outage is seen", async () => !await service.Api.IsReadyAsync());
        await using var again = await started.RestartAsync();
        await service.UntilReadyAsync(TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task A_first_connection_that_nobody_takes_on_is_not_waited_for_as_long_as_connectTimeout()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync();
        await using var network = new TcpProxy(redis.Port) { ConnectDelay = Timeout.InfiniteTimeSpan };
        await using var service = FastKvProcess.Launch($"127.0.0.1:{network.Port},connectTimeout=60000");

        await Wait.UntilAsync("the service connects", () => Task.FromResult(network.Connections > 0));

        // A first attempt makes five: for small and for large values, twice who asks why there is no answer, and once more what
        // StackExchange.Redis gives up, which then rests for ten seconds. The sixth is that of a further attempt, two seconds later.
        await Wait.UntilAsync(
            "there are further attempts",
            () => Task.FromResult(network.Connections >= 6),
            TimeSpan.FromSeconds(9)
        );
        network.ConnectDelay = TimeSpan.Zero;

        await service.UntilReadyAsync(TimeSpan.FromSeconds(30));
    }

    private static async Task<bool> AnswersAsync(FastKvProcess service)
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
}
