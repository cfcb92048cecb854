using FastKv.Tests.Harness;

namespace FastKv.Tests.History;

/// <summary>Two replicas of the service, a Redis that writes its log before it answers, and a hand that breaks them.</summary>
internal sealed class Nemesis : IAsyncDisposable
{
    private readonly Random random;
    private readonly FastKvProcess[] replicas = new FastKvProcess[2];
    private RedisServer redis;
    private int[] ports = [];

    private Nemesis(RedisServer redis, int seed)
    {
        this.redis = redis;
        random = new Random(seed);
    }

    /// <summary>Where the replicas listen now.</summary>
    public int[] Ports => Volatile.Read(ref ports);

    public RedisServer Redis => redis;

    public List<string> Deeds { get; } = [];

    public ApiClient Api => replicas[0].Api;

    public static async Task<Nemesis> StartAsync(int seed)
    {
        var nemesis = new Nemesis(await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always"), seed);
        for (var i = 0; i < nemesis.replicas.Length; i++)
        {
            nemesis.replicas[i] = FastKvProcess.Launch(nemesis.redis.ConnectionString);
        }

        await nemesis.UntilCalmAsync();
        return nemesis;
    }

    /// <summary>One thing after the other, in an order that the seed decides, until told to stop.</summary>
    public async Task RageAsync(CancellationToken stop)
    {
        Func<Task>[] deeds =
        [
            KillRedisAsync,
            FreezeRedisAsync,
            CutConnectionsAsync,
            KillReplicaAsync,
            ForgetScriptsAsync,
        ];
        while (!stop.IsCancellationRequested)
        {
            random.Shuffle(deeds);
            foreach (var deed in deeds)
            {
                await Task.Delay(random.Next(300, 1000), CancellationToken.None);
                if (!stop.IsCancellationRequested)
                {
                    await deed();
                }
            }
        }
    }

    /// <summary>Waits until everything is up again.</summary>
    public async Task UntilCalmAsync()
    {
        foreach (var replica in replicas)
        {
            await replica.UntilReadyAsync();
        }

        Volatile.Write(ref ports, [.. replicas.Select(replica => replica.Address.Port)]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in replicas)
        {
            await replica.DisposeAsync();
        }

        await redis.DisposeAsync();
    }

    private async Task KillRedisAsync()
    {
        Deeds.Add("kill -9 redis");
        await redis.KillAsync();
        await Task.Delay(random.Next(500), CancellationToken.None);
        redis = await redis.RestartAsync();
    }

    private async Task FreezeRedisAsync()
    {
        // Shorter than the timeout, or longer.
        var time = random.Next(2) == 0 ? random.Next(100, 800) : random.Next(2000, 3000);
        Deeds.Add($"freeze redis for {time} ms");
        redis.Signal("STOP");
        await Task.Delay(time, CancellationToken.None);
        redis.Signal("CONT");
    }

    private async Task CutConnectionsAsync()
    {
        Deeds.Add("cut connections");
        for (var i = 0; i < 10; i++)
        {
            await redis.CliAsync("client", "kill", "type", "normal");
            await Task.Delay(random.Next(50), CancellationToken.None);
        }
    }

    private async Task ForgetScriptsAsync()
    {
        Deeds.Add("forget the scripts");
        for (var i = 0; i < 10; i++)
        {
            await redis.CliAsync("script", "flush");
            await Task.Delay(random.Next(50), CancellationToken.None);
        }
    }

    private async Task KillReplicaAsync()
    {
        var victim = random.Next(replicas.Length);
        Deeds.Add($"kill -9 replica {victim}");
        await replicas[victim].DisposeAsync();
        replicas[victim] = FastKvProcess.Launch(redis.ConnectionString);
        await UntilCalmAsync();
    }
}
