using System.Globalization;
using FastKv.Tests.Faults;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.History;

/// <summary>
/// Clients write through two replicas while a nemesis kills, freezes and cuts Redis, has it forget its scripts, and kills the
/// replicas; afterwards their records must be those of a linearizable store, what was sent until it was answered must have been
/// done once, and the listing must name what can be read. FASTKV_HISTORY_SECONDS runs it for longer, FASTKV_HISTORY_SEED repeats a run.
/// </summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(Setting("FASTKV_HISTORY_SECONDS") ?? 20);

    [Fact]
    public async Task Every_history_is_linearizable_whatever_breaks()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        var seed = Setting("FASTKV_HISTORY_SEED") ?? Random.Shared.Next();
        await using var nemesis = await Nemesis.StartAsync(seed);
        var token = await nemesis.Api.NewUserTokenAsync();
        var recorder = new Recorder(() => nemesis.Ports, token);
        var once = new ExactlyOnce(() => nemesis.Ports, token);
        var registrar = new Registrar(() => nemesis.Ports);
        var sessions = new SessionEnds(() => nemesis.Ports, Enum.GetValues<SessionEnd>());
        using var stop = new CancellationTokenSource(Duration);

        await Task.WhenAll(
            recorder.RunAsync(10, seed, stop.Token),
            once.RunAsync(6, seed, stop.Token),
            registrar.RunAsync(6, seed, stop.Token),
            sessions.RunAsync(3, seed, stop.Token),
            nemesis.RageAsync(stop.Token)
        );
        await nemesis.UntilCalmAsync();
        await recorder.ReadAllAsync();
        await once.CheckAsync(nemesis.Api);
        var keys = recorder.Keys.Concat(once.Keys);

        output.WriteLine($"Seed {seed}. {string.Join(", ", nemesis.Deeds)}.");
        output.WriteLine(recorder.Summary);
        output.WriteLine(once.Summary);
        output.WriteLine(registrar.Summary);
        output.WriteLine(sessions.Summary);
        Assert.Empty(recorder.Illegal);
        Assert.Empty(registrar.Illegal);
        Assert.True(recorder.Recorded > 20 * Duration.TotalSeconds, recorder.Summary);
        Assert.Empty(once.Violations);
        Assert.Empty(await Listing.ViolationsAsync(nemesis.Api, token, keys));
        Assert.Empty(recorder.Violations());
        Assert.Empty(sessions.Violations);
        await CheckDeletedAsync(sessions, nemesis);
        await registrar.CheckAsync(nemesis.Api, nemesis.Redis);
    }

    /// <summary>Of a deleted user nothing is left but the tombstone, and no token of theirs opens anything.</summary>
    private static async Task CheckDeletedAsync(SessionEnds sessions, Nemesis nemesis)
    {
        foreach (var (userId, token) in sessions.Deleted)
        {
            var left = "";
            await Wait.UntilAsync(
                "only the tombstone is left",
                async () =>
                    (left = await nemesis.Redis.CliAsync("--scan", "--pattern", $"*{userId}*")).Trim()
                        == $"fastkv:ended:{{{userId}}}"
                    && (await nemesis.Redis.CliAsync("hexists", "fastkv:deletions", userId)).Trim() == "0"
            );
            Assert.Equal("INVALID_TOKEN", (await nemesis.Api.GetAsync("/api/data", token)).Code);
        }
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
            ? int.Parse(value, CultureInfo.InvariantCulture)
            : null;
}
