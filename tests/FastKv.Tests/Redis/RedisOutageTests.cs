using System.Net;
using FastKv.Redis;
using FastKv.Telemetry;
using FastKv.Tests.Auth;
using FastKv.Tests.Faults;
using FastKv.Tests.Harness;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using static FastKv.Tests.Redis.Diagnosis;

namespace FastKv.Tests.Redis;

/// <summary>What an operator is told of an outage while it lasts, and after it: not a line for each request.</summary>
public sealed class RedisOutageTests
{
    [Fact]
    public async Task Sentinels_that_know_no_such_master_and_a_master_that_is_down()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        var down = Wait.FreePort();
        using var directory = new TemporaryDirectory();
        var configuration = Path.Combine(directory.Path, "sentinel.conf");
        await File.WriteAllTextAsync(
            configuration,
            $"sentinel monitor kv 127.0.0.1 {down} 1\n",
            TestContext.Current.CancellationToken
        );
        await using var sentinel = await RedisServer.StartSentinelAsync(configuration);

        await ExpectAsync("UnknownServiceName", $"{sentinel.ConnectionString},serviceName=other");
        var line = await ExpectAsync("ConnectionRefused", $"{sentinel.ConnectionString},serviceName=kv");
        Assert.Contains($"127.0.0.1:{down}", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_master_of_a_cluster_that_is_away_is_named_when_requests_need_it()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        var nodes = await Task.WhenAll(
            Enumerable
                .Range(0, 3)
                .Select(_ =>
                    RedisServer.StartAsync(
                        "--cluster-enabled",
                        "yes",
                        "--cluster-port",
                        $"{Wait.FreePort()}",
                        "--cluster-require-full-coverage",
                        "no"
                    )
                )
        );
        string[] addresses = [.. nodes.Select(node => node.ConnectionString)];
        await nodes[0].CliAsync(["--cluster", "create", .. addresses, "--cluster-yes"]);
        foreach (var node in nodes)
        {
            await Wait.UntilAsync(
                "each node knows the cluster",
                async () => (await node.CliAsync("cluster", "info")).Contains("cluster_state:ok")
            );
        }

        await using var service = await FastKvProcess.StartAsync(addresses[0]);
        // The probe's key is on another node than the one that dies.
        var slot = int.Parse(await nodes[0].CliAsync("cluster", "keyslot", "fastkv:probe"), null);
        var dying = nodes[slot < 16384 / 2 ? 2 : 0];
        await dying.KillAsync();
        var users = Enumerable.Range(0, 32).Select(i => Jwt.Of($"user-{i}").Signed()).ToList();

        await Wait.UntilAsync(
            "the outage is told",
            async () =>
            {
                await Task.WhenAll(users.Select(user => service.Api.RetrieveAsync(user, "k")));
                return Lines(service).Any(line => line.Contains(dying.ConnectionString, StringComparison.Ordinal));
            }
        );

        Assert.Contains("by some requests: ConnectionRefused.", Lines(service)[^1], StringComparison.Ordinal);
        Assert.True(await service.Api.IsReadyAsync());
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_Redis_that_freezes_later_is_told_from_one_that_is_gone()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync();
        await using var service = await FastKvProcess.StartAsync(redis.ConnectionString);

        redis.Signal("STOP");
        await UntilCauseIsAsync(service, "NoAnswer");
        await UntilToldAsync(service, "NoAnswer.");
        redis.Signal("CONT");
        await service.UntilReadyAsync();
        await UntilToldAsync(service, "can be used again");
        await redis.KillAsync();
        await UntilToldAsync(service, "ConnectionRefused.");
        await UntilCauseIsAsync(service, "ConnectionRefused");
    }

    [Fact]
    public async Task A_right_that_only_some_requests_need_is_told_when_they_are_refused()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync(
            "--user",
            "u",
            "on",
            ">hunter2",
            "~*",
            "+@all",
            "-hgetall"
        );
        await using var service = await FastKvProcess.StartAsync($"{redis.ConnectionString},user=u,password=hunter2");

        var signIn = await service.Api.PostTextAsync("/api/token", """{"username":"u","password":"p"}""");
        signIn.Expect(HttpStatusCode.ServiceUnavailable);

        await UntilToldAsync(service, "by some requests: NoPermission.", Bound);
        Assert.Contains(redis.ConnectionString, Lines(service)[^1], StringComparison.Ordinal);
        Assert.True(await service.Api.IsReadyAsync());
    }

    [Fact]
    public async Task The_line_comes_again_when_the_cause_changes_and_once_more_when_all_is_well()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var stopped = await RedisServer.StartAsync("--requirepass", "one");
        await stopped.KillAsync();
        await using var service = FastKvProcess.Launch($"{stopped.ConnectionString},password=two");
        await UntilToldAsync(service, "ConnectionRefused");
        await UntilCauseIsAsync(service, "ConnectionRefused");

        await using var redis = await stopped.RestartAsync();
        await UntilToldAsync(service, "WrongPassword");
        await UntilCauseIsAsync(service, "WrongPassword");

        Assert.Equal("OK", await redis.CliAsync("-a", "one", "config", "set", "requirepass", "two"));
        await service.UntilReadyAsync();
        await UntilToldAsync(service, "can be used again");

        // A password that is changed later: connections that are there stay, new ones are refused.
        Assert.Equal("OK", await redis.CliAsync("-a", "two", "config", "set", "requirepass", "three"));
        await redis.CliAsync("-a", "three", "client", "kill", "type", "normal");
        await Wait.UntilAsync(
            "the outage is told",
            () => Task.FromResult(Lines(service).Count(l => l.Contains("WrongPassword", StringComparison.Ordinal)) == 2)
        );
        await UntilCauseIsAsync(service, "WrongPassword");
        Assert.Equal("OK", await redis.CliAsync("-a", "three", "config", "set", "requirepass", "two"));
        await service.UntilReadyAsync();
        await Wait.UntilAsync(
            "the end is told",
            () => Task.FromResult(Lines(service).Count(l => l.Contains("again", StringComparison.Ordinal)) == 2)
        );
        // Any other would be a moment in which Redis was neither there nor away.
        var words = new[] { "ConnectionRefused", "WrongPassword", "again" };
        var told = Lines(service)
            .Select(line => words.FirstOrDefault(word => line.Contains(word, StringComparison.Ordinal)))
            .OfType<string>();
        Assert.Equal("ConnectionRefused WrongPassword again WrongPassword again", string.Join(' ', told));
    }

    [Fact]
    public async Task A_thousand_refused_requests_are_a_couple_of_lines_that_name_one_of_them()
    {
        await using var service = FastKvProcess.Launch("127.0.0.1:1");
        await UntilToldAsync(service, "ConnectionRefused");
        var token = Jwt.Of("some-user").Signed();

        var traces = new HashSet<string>();
        for (var i = 0; i < 1000; i++)
        {
            var reply = await service.Api.RetrieveAsync(token, "k");
            traces.Add(reply.Expect(HttpStatusCode.ServiceUnavailable).Json["trace_id"]!.GetValue<string>());
        }

        Assert.Equal(0, await service.TerminateAsync());
        Assert.Equal(1000, traces.Count);
        var warnings = service
            .Log.Split('\n')
            .Where(line => line.Contains("\"Warning\"", StringComparison.Ordinal))
            .ToList();
        // One for the cause, one for the first request, and one for each minute that this took.
        Assert.InRange(warnings.Count, 2, 4);
        Assert.Contains(warnings, line => traces.Any(trace => line.Contains(trace, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_outage_is_told_once_a_minute_with_the_number_of_requests_that_it_cost()
    {
        var time = new AwaitedTime();
        var started = time.GetUtcNow();
        var log = new RecordedLog<RedisDiagnostics>();
        var options = new RedisOptions();
        var configuration = options.ToConfiguration("127.0.0.1:1");
        using var connection = new RedisConnection(configuration, NullLogger<RedisConnection>.Instance);
        var failures = new StoreFailures(time);
        var keys = new RedisKeys(options);
        using var failover = new FailoverMonitor(
            connection,
            configuration,
            options,
            keys,
            time,
            NullLogger<FailoverMonitor>.Instance
        );
        using var lane = new LargeValueLane(connection, failover);
        using var diagnostics = new RedisDiagnostics(
            configuration,
            connection,
            new RedisCommands(
                connection,
                lane,
                new WriteGate(),
                failover,
                new UnknownErrorLog(time, NullLogger<UnknownErrorLog>.Instance),
                options
            ),
            keys,
            failures,
            time,
            log
        );
        await diagnostics.StartAsync(CancellationToken.None);
        await UntilLinesAsync(1);
        for (var i = 0; i < 4; i++)
        {
            // The first is told by itself.
            Assert.Equal(i == 0, failures.Refused.Add($"trace-{i}", "NoConnection"));
            failures.OutcomeUnknown.Add($"unknown-{i}", "Timeout");
        }

        // The first minute's lines of both kinds, and the second minute's.
        await UntilLinesAsync(3);
        Assert.InRange(time.GetUtcNow() - started, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(90));
        await UntilLinesAsync(4);
        Assert.InRange(time.GetUtcNow() - started, TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(180));

        await diagnostics.StopAsync(CancellationToken.None);
        Assert.Equal(
            [
                "Redis at 127.0.0.1:1 can't be used: ConnectionRefused.",
                "Redis at 127.0.0.1:1 still can't be used: ConnectionRefused; 3 requests were refused since the last such line, trace_id of one: trace-3.",
                "3 more requests were answered OUTCOME_UNKNOWN since the last line about them; trace_id of one: unknown-3.",
                "Redis at 127.0.0.1:1 still can't be used: ConnectionRefused; no request was refused since the last such line.",
            ],
            log.Lines.Select(line => line.Split(" Nothing listens there")[0])
        );

        Task UntilLinesAsync(int count) =>
            Wait.UntilAsync(
                $"there are {count} lines",
                () =>
                {
                    if (log.Lines.Count < count)
                    {
                        time.AdvanceIfAwaited(TimeSpan.FromSeconds(1));
                    }

                    return Task.FromResult(log.Lines.Count >= count);
                }
            );
    }

    /// <summary>A time that goes on only when somebody waits for it, however slow the machine is.</summary>
    private sealed class AwaitedTime : FakeTimeProvider
    {
        private int waits;
        private int seen;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Interlocked.Increment(ref waits);
            return timer;
        }

        public void AdvanceIfAwaited(TimeSpan delta)
        {
            if (Volatile.Read(ref waits) is var now && now != seen)
            {
                seen = now;
                Advance(delta);
            }
        }
    }
}
