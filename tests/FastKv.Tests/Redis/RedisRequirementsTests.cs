using System.Text.Json.Nodes;
using FastKv.Redis;
using FastKv.Tests.Faults;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Redis;

public sealed class RedisRequirementsTests
{
    [Theory]
    [InlineData("noeviction", RequirementState.Ok)]
    [InlineData("allkeys-lru", RequirementState.Error)]
    [InlineData("volatile-ttl", RequirementState.Error)]
    public void A_policy_is_judged(string policy, object state) =>
        Assert.Equal(
            state,
            RedisRequirements.Eviction(RedisRequirements.ParseInfo($"# Memory\r\nmaxmemory_policy:{policy}\r\n")).State
        );

    [Fact]
    public void What_a_server_does_not_tell_is_known_as_such()
    {
        var nothing = RedisRequirements.ParseInfo("");

        Assert.False(RedisRequirements.Eviction(nothing).IsTold);
        Assert.False(RedisRequirements.Persistence(nothing).IsTold);
    }

    [Fact]
    public async Task A_Redis_that_may_lose_data_is_warned_of_once_at_each_connect()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync("--maxmemory-policy", "allkeys-lru");
        await using var service = await FastKvProcess.StartAsync(redis.ConnectionString);
        await UntilWarnedAsync(service, 1);

        await using var again = await redis.RestartAsync();
        await service.UntilReadyAsync();
        await UntilWarnedAsync(service, 2);

        Assert.All(
            Warnings(service),
            line =>
            {
                Assert.Contains($"Redis at 127.0.0.1:{redis.Port} ", line, StringComparison.Ordinal);
                Assert.Contains("maxmemory-policy: allkeys-lru", line, StringComparison.Ordinal);
                Assert.Contains("appendonly", line, StringComparison.Ordinal);
            }
        );
        Assert.Equal(0, await service.TerminateAsync());
        Assert.Equal(2, Warnings(service).Count);
    }

    [Fact]
    public async Task A_Redis_as_it_must_be_is_not_warned_of()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync("--appendonly", "yes");
        await using var service = await FastKvProcess.StartAsync(redis.ConnectionString);

        await Wait.UntilAsync(
            "the service has asked",
            async () =>
                (await redis.CliAsync("INFO", "commandstats"))
                    .Split('\n')
                    .Any(line => line.StartsWith("cmdstat_info:calls=", StringComparison.Ordinal))
        );
        Assert.Equal(0, await service.TerminateAsync());
        Assert.Empty(Warnings(service));
    }

    private static Task UntilWarnedAsync(FastKvProcess service, int times) =>
        Wait.UntilAsync($"it has warned {times} times", () => Task.FromResult(Warnings(service).Count >= times));

    private static List<string> Warnings(FastKvProcess service) =>
        [
            .. service
                .Log.Split('\n')
                .Where(line => line.Contains("\"Warning\"", StringComparison.Ordinal))
                .Select(line => JsonNode.Parse(line)!["Message"]!.GetValue<string>())
                .Where(message => message.Contains("may lose", StringComparison.Ordinal)),
        ];
}
