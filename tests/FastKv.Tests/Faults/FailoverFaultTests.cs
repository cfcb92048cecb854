using System.Diagnostics;
using System.Net;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Faults;

/// <summary>A failover after which the old master lives on as a replica, and nobody cuts the connections that lead to it.</summary>
public sealed class FailoverFaultTests(ITestOutputHelper output)
{
    private const string Left = "has become a replica";

    [Fact]
    public async Task A_failover_behind_one_address_that_moves_new_connections_only()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var old = await StartMasterAsync();
        await using var next = await StartReplicaAsync(old);
        await using var address = new TcpProxy(old.Port);
        await using var service = await FastKvProcess.StartAsync($"127.0.0.1:{address.Port}");
        var token = await service.Api.NewUserTokenAsync();
        await using var traffic = Traffic.Start(service.Api, 8, token);
        await traffic.UntilAnsweredAsync(100, 200, 201);

        // The address still leads to the old master for a while, as it does until somebody's health check notices.
        await FailOverAsync(old, next);
        await traffic.UntilReadinessIsAsync(503);
        await traffic.UntilAnsweredAsync(100, 503);
        address.Target = next.Port;

        await Recovery.CheckAsync(service.Api, token, output);
        await traffic.StopAndCheckAsync(output);
        Assert.Contains(Left, service.Log, StringComparison.Ordinal);
    }

    /// <summary>Nobody uses it, and it asks little by itself: it is told.</summary>
    [Fact]
    public async Task After_a_failover_the_connection_of_large_values_has_left_the_old_master_too()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var old = await StartMasterAsync();
        await using var next = await StartReplicaAsync(old);
        await using var address = new TcpProxy(old.Port);
        await using var service = await FastKvProcess.StartAsync($"127.0.0.1:{address.Port}");
        const string large = "name=fastkv-large";
        Assert.Contains(large, await old.CliAsync("CLIENT", "LIST"), StringComparison.Ordinal);

        address.Target = next.Port;
        await FailOverAsync(old, next);

        await Wait.UntilAsync(
            "the connection of large values leads to the new master",
            async () =>
                (await next.CliAsync("CLIENT", "LIST")).Contains(large, StringComparison.Ordinal)
                && !(await old.CliAsync("CLIENT", "LIST")).Contains(large, StringComparison.Ordinal),
            TimeSpan.FromSeconds(10)
        );
    }

    [Fact]
    public async Task A_failover_behind_one_address_that_has_moved_before_it()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var old = await StartMasterAsync();
        await using var next = await StartReplicaAsync(old);
        await using var address = new TcpProxy(old.Port);
        await using var service = await FastKvProcess.StartAsync($"127.0.0.1:{address.Port}");
        var token = await service.Api.NewUserTokenAsync();
        await using var traffic = Traffic.Start(service.Api, 8, token);
        await traffic.UntilAnsweredAsync(100, 200, 201);

        address.Target = next.Port;
        await FailOverAsync(old, next);

        await Recovery.CheckAsync(service.Api, token, output);
        await traffic.StopAndCheckAsync(output);
        Assert.Equal(0, traffic.Count(504));
    }

    [Fact]
    public async Task A_service_that_starts_while_its_address_leads_to_a_replica()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var master = await StartMasterAsync();
        await using var replica = await StartReplicaAsync(master);
        await UntilFollowingAsync(replica);
        await using var address = new TcpProxy(replica.Port);
        await using var service = FastKvProcess.Launch($"127.0.0.1:{address.Port}");
        await Wait.UntilAsync(
            "the service says that it is on a replica",
            () => Task.FromResult(service.Log.Contains(Left, StringComparison.Ordinal))
        );
        Assert.False(await service.Api.IsReadyAsync());

        address.Target = master.Port;

        await service.UntilReadyAsync(TimeSpan.FromSeconds(4));
        await service.Api.NewUserTokenAsync();
    }

    [Fact]
    public async Task A_replica_that_nobody_relieves_is_read_all_the_while_and_asked_for_once_a_second()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var old = await StartMasterAsync();
        await using var next = await StartReplicaAsync(old);
        await using var address = new TcpProxy(old.Port);
        await using var service = await FastKvProcess.StartAsync($"127.0.0.1:{address.Port}");
        var token = await service.Api.NewUserTokenAsync();
        (await service.Api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);
        // StackExchange.Redis makes one or two whenever it connects.
        var connectionsOfOne = address.Connections;

        await FailOverAsync(old, next);
        var before = address.Connections;
        var watch = Stopwatch.StartNew();
        while (address.Connections < before + 4 * connectionsOfOne)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "Nobody asks whether the address leads to a master.");
            (await service.Api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK);
            (await service.Api.StoreAsync(token, ApiClient.NewName("k"), "v")).Expect(
                HttpStatusCode.ServiceUnavailable
            );
        }

        Assert.True(watch.Elapsed > TimeSpan.FromSeconds(2.9), $"Four attempts in {watch.Elapsed.TotalSeconds:0.0} s.");
        Assert.Equal(1, service.Log.Split('\n').Count(line => line.Contains(Left, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_name_that_leads_to_another_address_after_a_failover()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        Assert.SkipUnless(FastKvProcess.CanHaveHosts, NoHosts);
        await using var old = await StartMasterAsync();
        await using var next = await StartReplicaAsync(old);
        await using var name = new MovingName(old, next);
        await using var service = await FastKvProcess.StartWithHostsAsync($"{MovingName.Host}:{name.Port}", name.File);
        var token = await service.Api.NewUserTokenAsync();
        await using var traffic = Traffic.Start(service.Api, 8, token);
        await traffic.UntilAnsweredAsync(100, 200, 201);

        await FailOverAsync(old, next);
        await traffic.UntilReadinessIsAsync(503);
        name.Move();

        await Recovery.CheckAsync(service.Api, token, output);
        await traffic.StopAndCheckAsync(output);
    }

    [Fact]
    public async Task A_name_that_leads_to_another_address_while_the_old_server_goes_on_taking_writes()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        Assert.SkipUnless(FastKvProcess.CanHaveHosts, NoHosts);
        await using var old = await StartMasterAsync();
        await using var next = await StartReplicaAsync(old);
        await using var name = new MovingName(old, next);
        await using var service = await FastKvProcess.StartWithHostsAsync($"{MovingName.Host}:{name.Port}", name.File);
        var token = await service.Api.NewUserTokenAsync();
        await UntilFollowingAsync(next);
        Assert.Equal("OK", await next.CliAsync("replicaof", "no", "one"));
        var watch = Stopwatch.StartNew();
        name.Move();

        await Wait.UntilAsync("writes reach the new server", () => WritesReachAsync(service.Api, token, next));
        Assert.True(watch.Elapsed < Traffic.AnswerBound, $"It took {watch.Elapsed.TotalSeconds:0.0} s.");
        for (var i = 0; i < 20; i++)
        {
            Assert.True(await WritesReachAsync(service.Api, token, next), "An acknowledged write went elsewhere.");
        }
    }

    [Fact]
    public async Task A_name_that_was_to_be_resolved_once_and_whose_server_is_gone()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        Assert.SkipUnless(FastKvProcess.CanHaveHosts, NoHosts);
        await using var old = await StartMasterAsync();
        await using var next = await StartReplicaAsync(old);
        await using var name = new MovingName(old, next);
        await using var service = await FastKvProcess.StartWithHostsAsync(
            $"{MovingName.Host}:{name.Port},resolveDns=true",
            name.File
        );
        var token = await service.Api.NewUserTokenAsync();
        await UntilFollowingAsync(next);

        await old.KillAsync();
        await Wait.UntilAsync("the service is not ready", async () => !await service.Api.IsReadyAsync());
        Assert.Equal("OK", await next.CliAsync("replicaof", "no", "one"));
        name.Move();

        await Recovery.CheckAsync(service.Api, token, output);
    }

    [Fact]
    public async Task A_primary_address_and_a_reader_address_that_both_lead_to_replicas()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var old = await StartMasterAsync();
        await using var reader = await StartReplicaAsync(old);
        await using var next = await StartReplicaAsync(old);
        await using var primaryAddress = new TcpProxy(old.Port);
        await using var readerAddress = new TcpProxy(reader.Port);
        await using var service = await FastKvProcess.StartAsync(
            $"127.0.0.1:{primaryAddress.Port},127.0.0.1:{readerAddress.Port}"
        );
        var token = await service.Api.NewUserTokenAsync();
        await using var traffic = Traffic.Start(service.Api, 8, token);
        await traffic.UntilAnsweredAsync(100, 200, 201);

        await UntilFollowingAsync(reader);
        await FailOverAsync(old, next);
        await reader.CliAsync("replicaof", "127.0.0.1", $"{next.Port}");
        await traffic.UntilReadinessIsAsync(503);
        primaryAddress.Target = next.Port;

        await Recovery.CheckAsync(service.Api, token, output);
        await traffic.StopAndCheckAsync(output);
    }

    [Fact]
    public async Task A_failover_between_two_servers_that_are_both_named()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var old = await StartMasterAsync();
        await using var next = await StartReplicaAsync(old);
        await using var service = await FastKvProcess.StartAsync($"{old.ConnectionString},{next.ConnectionString}");
        var token = await service.Api.NewUserTokenAsync();
        await using var traffic = Traffic.Start(service.Api, 8, token);
        await traffic.UntilAnsweredAsync(100, 200, 201);

        await FailOverAsync(old, next);

        await Recovery.CheckAsync(service.Api, token, output);
        await traffic.StopAndCheckAsync(output);
    }

    [Fact]
    public async Task A_primary_that_is_gone_leaves_the_replica_that_is_named_beside_it_to_be_read()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var primary = await StartMasterAsync();
        await using var replica = await StartReplicaAsync(primary);
        await using var service = await FastKvProcess.StartAsync(
            $"{primary.ConnectionString},{replica.ConnectionString}"
        );
        var token = await service.Api.NewUserTokenAsync();
        (await service.Api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);
        await UntilFollowingAsync(replica);

        await primary.KillAsync();
        await Wait.UntilAsync(
            "the replica is read",
            async () => (await service.Api.RetrieveAsync(token, "k")).Status == HttpStatusCode.OK
        );
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromSeconds(3); )
        {
            (await service.Api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK);
            (await service.Api.StoreAsync(token, ApiClient.NewName("k"), "v")).Expect(
                HttpStatusCode.ServiceUnavailable
            );
        }

        await using var again = await primary.RestartAsync();
        await Recovery.CheckAsync(service.Api, token, output);
    }

    [Fact]
    public async Task A_Sentinel_failover_after_which_the_old_master_lives_on()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var master = await StartMasterAsync();
        await using var replica = await StartReplicaAsync(master);
        using var directory = new TemporaryDirectory();
        var configuration = Path.Combine(directory.Path, "sentinel.conf");
        File.WriteAllText(configuration, $"sentinel monitor kv 127.0.0.1 {master.Port} 1\n");
        await UntilFollowingAsync(replica);
        await using var sentinel = await RedisServer.StartSentinelAsync(configuration);
        await Wait.UntilAsync(
            "the Sentinel knows the replica",
            async () => (await sentinel.CliAsync("sentinel", "replicas", "kv")).Contains($"{replica.Port}")
        );
        await using var service = await FastKvProcess.StartAsync($"{sentinel.ConnectionString},serviceName=kv");
        var token = await service.Api.NewUserTokenAsync();
        await using var traffic = Traffic.Start(service.Api, 8, token);
        await traffic.UntilAnsweredAsync(100, 200, 201);

        await Wait.UntilAsync(
            "the Sentinel begins the failover",
            async () => await sentinel.CliAsync("sentinel", "failover", "kv") == "OK"
        );
        await Wait.UntilAsync(
            "the Sentinel names the replica as the master",
            async () =>
                (await sentinel.CliAsync("sentinel", "get-master-addr-by-name", "kv")).EndsWith(
                    $"{replica.Port}",
                    StringComparison.Ordinal
                )
        );

        // Nobody cuts the connection to a server that takes writes, so there is nothing to wait for.
        var recovery = Stopwatch.StartNew();
        await Recovery.CheckAsync(service.Api, token, output);
        Assert.True(recovery.Elapsed < TimeSpan.FromSeconds(1.5), $"Nothing was answered for {recovery.Elapsed}.");

        // For some ten seconds the old master is not told, and says that it is one too; what is written to it is lost then.
        var watch = Stopwatch.StartNew();
        await Wait.UntilAsync("writes reach the new master", () => WritesReachAsync(service.Api, token, replica));
        Assert.True(watch.Elapsed < Traffic.AnswerBound, $"It took {watch.Elapsed.TotalSeconds:0.0} s.");

        // Not before: a listing of the one and an entry of the other need not agree.
        await traffic.StopAndCheckAsync(output, keepsAcknowledged: false);
        for (var i = 0; i < 50; i++)
        {
            Assert.True(await WritesReachAsync(service.Api, token, replica), "An acknowledged write went elsewhere.");
        }

        Assert.Contains("role:master", await master.CliAsync("info", "replication"), StringComparison.Ordinal);
        Assert.DoesNotContain(Left, service.Log, StringComparison.Ordinal);
    }

    private static async Task<bool> WritesReachAsync(ApiClient api, string token, RedisServer server)
    {
        var key = ApiClient.NewName("k");
        (await api.StoreAsync(token, key, "v")).Expect(HttpStatusCode.Created);
        return (await server.CliAsync("--scan", "--pattern", $"fastkv:data:*:{key}")).Length > 0;
    }

    private const string NoHosts = "This machine does not let a process have a hosts file of its own (unshare).";

    private static Task<RedisServer> StartMasterAsync() => RedisServer.StartAsync("--repl-diskless-sync-delay", "0");

    /// <summary>It follows a second later; until then a service can start (<see cref="UntilFollowingAsync"/>).</summary>
    private static Task<RedisServer> StartReplicaAsync(RedisServer master) =>
        RedisServer.StartAsync("--replicaof", "127.0.0.1", $"{master.Port}", "--repl-diskless-sync-delay", "0");

    private static Task UntilFollowingAsync(RedisServer replica) =>
        Wait.UntilAsync(
            "the replica follows",
            async () => (await replica.CliAsync("info", "replication")).Contains("master_link_status:up")
        );

    // Redis's own planned failover: it holds writes back until the replica has all, so that nothing acknowledged is lost.
    private static async Task FailOverAsync(RedisServer master, RedisServer replica)
    {
        await UntilFollowingAsync(replica);
        Assert.Equal("OK", await master.CliAsync("failover", "to", "127.0.0.1", $"{replica.Port}"));
        await UntilFollowingAsync(master);
        Assert.Contains("role:master", await replica.CliAsync("info", "replication"), StringComparison.Ordinal);
    }

    /// <summary>A name in a hosts file, and two addresses of this machine with one port, each of which leads to a server.</summary>
    private sealed class MovingName : IAsyncDisposable
    {
        public const string Host = "redis.test";

        private readonly TemporaryDirectory directory = new();
        private readonly TcpProxy first;
        private readonly TcpProxy second;

        public MovingName(RedisServer old, RedisServer next)
        {
            first = new TcpProxy(old.Port);
            second = new TcpProxy(next.Port, new IPEndPoint(IPAddress.Parse("127.0.0.2"), first.Port));
            LeadTo("127.0.0.1");
        }

        public int Port => first.Port;

        public string File => Path.Combine(directory.Path, "hosts");

        public void Move() => LeadTo("127.0.0.2");

        public async ValueTask DisposeAsync()
        {
            await first.DisposeAsync();
            await second.DisposeAsync();
            directory.Dispose();
        }

        // Into the same file, which is what lies over the machine's own.
        private void LeadTo(string address) =>
            System.IO.File.WriteAllText(File, $"127.0.0.1 localhost\n{address} {Host}\n");
    }
}
