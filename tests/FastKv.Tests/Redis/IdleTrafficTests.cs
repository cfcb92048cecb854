using System.Globalization;
using FastKv.Tests.Faults;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Redis;

public sealed class IdleTrafficTests
{
    /// <summary>How often the deleted users are looked for, and so the clock of this test.</summary>
    private const int SecondsBetweenLooks = 5;

    private int asked;

    [Fact]
    public async Task An_idle_replica_asks_as_much_as_the_documents_say()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync();
        await using var service = await FastKvProcess.StartAsync(redis.ConnectionString);
        var begin = await AfterNextLookAsync(redis);
        var end = await AfterNextLookAsync(redis);

        // Whether the server is a replica of another is asked every second, and the connection of large values every two seconds.
        Assert.InRange(end["info"] - begin["info"], SecondsBetweenLooks - 2, SecondsBetweenLooks + 1);
        Assert.InRange(end["ping"] - begin["ping"], 1, SecondsBetweenLooks / 2 + 1);
        Assert.Equal(1, end["hgetall"] - begin["hgetall"]);
        Assert.Equal(
            ["hgetall", "info", "ping"],
            end.Keys.Where(name => end[name] != begin.GetValueOrDefault(name)).Order()
        );
        Assert.Equal(
            2,
            (await redis.CliAsync("CLIENT", "LIST"))
                .Split('\n')
                .Count(line => line.Contains("name=fastkv", StringComparison.Ordinal))
        );
    }

    private async Task<Dictionary<string, int>> AfterNextLookAsync(RedisServer redis)
    {
        var before = await CallsAsync(redis);
        var calls = before;
        await Wait.UntilAsync(
            "the service looks for deleted users",
            async () =>
                (calls = await CallsAsync(redis)).GetValueOrDefault("hgetall") > before.GetValueOrDefault("hgetall")
        );
        return calls;
    }

    /// <summary>How often each command was called by others than this test.</summary>
    private async Task<Dictionary<string, int>> CallsAsync(RedisServer redis)
    {
        var info = await redis.CliAsync("INFO", "commandstats");
        var calls = info.Split('\n')
            .Where(line => line.StartsWith("cmdstat_", StringComparison.Ordinal))
            .Select(line => line["cmdstat_".Length..].Split(":calls="))
            .ToDictionary(parts => parts[0], parts => int.Parse(parts[1].Split(',')[0], CultureInfo.InvariantCulture));
        calls["info"] = calls.GetValueOrDefault("info") - asked++;
        return calls;
    }
}
