using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Faults;

/// <summary>
/// A Redis that writes its log before it answers, a network that can be broken, and one service that lives through all faults of
/// a test class without a restart.
/// </summary>
public sealed class BreakableStore : IAsyncLifetime
{
    private static readonly string[] Durable = ["--appendonly", "yes", "--appendfsync", "always"];

    internal RedisServer Redis { get; private set; } = null!;

    internal TcpProxy Network { get; private set; } = null!;

    internal FastKvProcess Service { get; private set; } = null!;

    internal string Token { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (RedisServer.IsInstalled)
        {
            Redis = await RedisServer.StartAsync(Durable);
            Network = new TcpProxy(Redis.Port);
            Service = await FastKvProcess.StartAsync($"127.0.0.1:{Network.Port}");
            Token = await Service.Api.NewUserTokenAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Service is not null)
        {
            await Service.DisposeAsync();
            await Network.DisposeAsync();
            await Redis.DisposeAsync();
        }
    }

    internal async Task RestartRedisAsync() => Redis = await Redis.RestartAsync();

    /// <summary>CONFIG SET and the like: fails unless Redis says OK.</summary>
    internal async Task TellAsync(params string[] command) => Assert.Equal("OK", await Redis.CliAsync(command));

    // What a test that failed has left behind must not fail the next.
    private async Task HealAsync()
    {
        if (Redis.HasExited)
        {
            await RestartRedisAsync();
        }

        Redis.Signal("CONT");
        Network.Delay = TimeSpan.Zero;
        await Redis.CliAsync("-a", "another", "config", "set", "requirepass", "");
        await Redis.CliAsync("config", "set", "maxmemory", "0", "save", "");
        await Redis.CliAsync("replicaof", "no", "one");
    }

    /// <summary>Clients at work while a test breaks something; they have answers already.</summary>
    internal async Task<Traffic> TrafficAsync()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await HealAsync();
        await Service.UntilReadyAsync(TimeSpan.FromSeconds(10));
        var traffic = Traffic.Start(Service.Api, 8, Token);
        await traffic.UntilAnsweredAsync(100, 200, 201);
        return traffic;
    }
}
