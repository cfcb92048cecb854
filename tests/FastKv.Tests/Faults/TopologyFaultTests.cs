using System.Net;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Faults;

/// <summary>Faults of several servers, and of one behind TLS.</summary>
public sealed class TopologyFaultTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_Sentinel_failover()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var master = await RedisServer.StartAsync("--repl-diskless-sync-delay", "0");
        await using var replica = await RedisServer.StartAsync("--replicaof", "127.0.0.1", $"{master.Port}");
        await Wait.UntilAsync(
            "the replica follows",
            async () => (await replica.CliAsync("info", "replication")).Contains("master_link_status:up")
        );
        using var directory = new TemporaryDirectory();
        var configuration = Path.Combine(directory.Path, "sentinel.conf");
        File.WriteAllText(
            configuration,
            $"""
            sentinel monitor kv 127.0.0.1 {master.Port} 1
            sentinel down-after-milliseconds kv 1000
            sentinel failover-timeout kv 5000

            """
        );
        await using var sentinel = await RedisServer.StartSentinelAsync(configuration);
        await Wait.UntilAsync(
            "the Sentinel knows the replica",
            async () => (await sentinel.CliAsync("sentinel", "replicas", "kv")).Contains($"{replica.Port}")
        );
        await using var service = await FastKvProcess.StartAsync($"{sentinel.ConnectionString},serviceName=kv");
        var token = await service.Api.NewUserTokenAsync();
        await using var traffic = Traffic.Start(service.Api, 8, token);
        await traffic.UntilAnsweredAsync(100, 200, 201);

        await master.KillAsync();
        await traffic.UntilReadinessIsAsync(503);
        await Wait.UntilAsync(
            "the Sentinel names the replica as the master",
            async () =>
                (await sentinel.CliAsync("sentinel", "get-master-addr-by-name", "kv")).EndsWith(
                    $"{replica.Port}",
                    StringComparison.Ordinal
                )
        );

        await Recovery.CheckAsync(service.Api, token, output);
        await traffic.StopAndCheckAsync(output, keepsAcknowledged: false);
    }

    [Fact]
    public async Task A_cluster_whose_slots_move_and_whose_master_fails_over()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        var nodes = await StartNodesAsync();
        try
        {
            await CreateClusterAsync(nodes);
            var masters = nodes[..3];
            await using var service = await FastKvProcess.StartAsync(
                $"{masters[0].ConnectionString},{masters[1].ConnectionString}"
            );
            // The data of each user lie in one slot; so many users meet every master.
            var tokens = new List<string>();
            for (var i = 0; i < 24; i++)
            {
                tokens.Add(await service.Api.NewUserTokenAsync());
            }

            // While slots move, commands are redirected to where their slot is now.
            await using (var traffic = Traffic.Start(service.Api, 24, [.. tokens]))
            {
                await traffic.UntilAnsweredAsync(200, 200, 201);
                await MoveSlotsAsync(masters[0], masters[1]);
                await MoveSlotsAsync(masters[1], masters[2]);
                await traffic.UntilAnsweredAsync(200, 200, 201);
                await traffic.StopAndCheckAsync(output);
            }

            await using (var traffic = Traffic.Start(service.Api, 24, [.. tokens]))
            {
                await traffic.UntilAnsweredAsync(200, 200, 201);
                await masters[2].KillAsync();
                await traffic.UntilAnsweredAsync(10, 503, 504);
                await Wait.UntilAsync(
                    "the cluster is whole again",
                    async () =>
                        (await masters[0].CliAsync("cluster", "nodes")).Contains("fail")
                        && (await masters[0].CliAsync("cluster", "info")) is var info
                        && info.Contains("cluster_state:ok")
                        && info.Contains("cluster_slots_pfail:0")
                        && info.Contains("cluster_slots_fail:0")
                );
                await Recovery.CheckAsync(service.Api, tokens, output);
                await traffic.StopAndCheckAsync(output, keepsAcknowledged: false);
            }
        }
        finally
        {
            foreach (var node in nodes)
            {
                // Shown only when the test fails.
                output.WriteLine($"Redis on {node.Port}:\n{node.Log}");
                await node.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task A_planned_failover_of_a_cluster_after_which_the_old_master_lives_on()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        var nodes = await StartNodesAsync();
        try
        {
            await CreateClusterAsync(nodes);
            await using var service = await FastKvProcess.StartAsync(nodes[0].ConnectionString);
            var tokens = new List<string>();
            for (var i = 0; i < 24; i++)
            {
                tokens.Add(await service.Api.NewUserTokenAsync());
            }

            await using var traffic = Traffic.Start(service.Api, 24, [.. tokens]);
            await traffic.UntilAnsweredAsync(200, 200, 201);
            foreach (var replica in nodes[3..])
            {
                Assert.Equal("OK", await replica.CliAsync("cluster", "failover"));
                await Wait.UntilAsync(
                    "the replica is a master",
                    async () => (await replica.CliAsync("info", "replication")).Contains("role:master")
                );
            }

            await Recovery.CheckAsync(service.Api, tokens, output);
            await traffic.StopAndCheckAsync(output);
            Assert.DoesNotContain("has become a replica", service.Log, StringComparison.Ordinal);
        }
        finally
        {
            foreach (var node in nodes)
            {
                await node.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Redis_behind_TLS_with_an_ACL_user_that_is_killed_and_restarted()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        using var directory = new TemporaryDirectory();
        var (certificate, key) = TlsCertificate.WriteTo(directory.Path);
        var port = Wait.FreePort();
        var redis = await RedisServer.StartAsync([
            "--tls-port",
            $"{port}",
            "--tls-cert-file",
            certificate,
            "--tls-key-file",
            key,
            "--tls-ca-cert-file",
            certificate,
            "--tls-auth-clients",
            "no",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--requirepass",
            "admin",
            "--user",
            .. "fastkv on >secret ~fastkv:* &* +@read +@write +@scripting +@connection +info +time +cluster".Split(' '),
        ]);
        var connection = $"127.0.0.1:{port},ssl=true,sslHost=localhost,user=fastkv,password=secret";
        await using var service = await FastKvProcess.StartAsync(connection, ("SSL_CERT_FILE", certificate));
        await using var stranger = FastKvProcess.Launch(
            connection.Replace("secret", "wrong", StringComparison.Ordinal),
            ("SSL_CERT_FILE", certificate)
        );
        var token = await service.Api.NewUserTokenAsync();

        // A right that only a script needs: the script is refused before it writes.
        await redis.CliAsync("-a", "admin", "acl", "setuser", "fastkv", "-time");
        var refused = await service.Api.PostAsync("/api/register", ApiClient.Registration());
        refused.Expect(HttpStatusCode.ServiceUnavailable);
        await redis.CliAsync("-a", "admin", "acl", "setuser", "fastkv", "+time");

        await using var traffic = Traffic.Start(service.Api, 8, token);
        await traffic.UntilAnsweredAsync(100, 200, 201);
        await redis.KillAsync();
        await traffic.UntilReadinessIsAsync(503);
        await traffic.UntilAnsweredAsync(200, 503);
        redis = await redis.RestartAsync();

        await Recovery.CheckAsync(service.Api, token, output);
        await traffic.StopAndCheckAsync(output);
        (await stranger.Api.GetAsync("/health/live")).Expect(HttpStatusCode.OK);
        (await stranger.Api.GetAsync("/health/ready")).Expect(HttpStatusCode.ServiceUnavailable);
        (await stranger.Api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.ServiceUnavailable);
        await redis.DisposeAsync();
    }

    private static Task<RedisServer[]> StartNodesAsync() =>
        Task.WhenAll(
            Enumerable
                .Range(0, 6)
                .Select(_ =>
                    RedisServer.StartAsync(
                        "--cluster-enabled",
                        "yes",
                        "--cluster-port",
                        $"{Wait.FreePort()}",
                        "--cluster-node-timeout",
                        "2000",
                        "--repl-diskless-sync-delay",
                        "0",
                        "--appendonly",
                        "yes"
                    )
                )
        );

    private static async Task CreateClusterAsync(RedisServer[] nodes)
    {
        string[] addresses = [.. nodes.Select(node => node.ConnectionString)];
        await nodes[0].CliAsync(["--cluster", "create", .. addresses, "--cluster-replicas", "1", "--cluster-yes"]);
        foreach (var node in nodes)
        {
            await Wait.UntilAsync(
                "each node knows the cluster",
                async () => (await node.CliAsync("cluster", "info")).Contains("cluster_state:ok")
            );
        }

        foreach (var replica in nodes[3..])
        {
            // One that never had a copy of its master's data does not stand for election.
            await Wait.UntilAsync(
                "each replica has a copy",
                async () => (await replica.CliAsync("info", "replication")).Contains("master_link_status:up")
            );
        }
    }

    private static async Task MoveSlotsAsync(RedisServer from, RedisServer to)
    {
        string[] command =
        [
            "--cluster",
            "reshard",
            from.ConnectionString,
            "--cluster-from",
            await from.CliAsync("cluster", "myid"),
            "--cluster-to",
            await to.CliAsync("cluster", "myid"),
            "--cluster-slots",
            "1000",
            "--cluster-yes",
        ];

        // Refused without moving anything as long as a node has not heard of the last change.
        await Wait.UntilAsync("slots move", async () => (await from.CliAsync(command)).Contains("Moving slot"));
    }
}
