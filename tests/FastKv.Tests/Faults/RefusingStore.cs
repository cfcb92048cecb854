using FastKv.Tests.Harness;
using FastKv.Tests.Telemetry;
using Xunit;

namespace FastKv.Tests.Faults;

/// <summary>A service that tells all it can of itself, on a Redis that answers what it is told to with an error.</summary>
public sealed class RefusingStore : IAsyncLifetime
{
    private RedisServer redis = null!;

    internal RefusingProxy Proxy { get; private set; } = null!;

    internal FastKvProcess Service { get; private set; } = null!;

    internal OtlpReceiver Receiver { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (RedisServer.IsInstalled)
        {
            Receiver = await OtlpReceiver.StartAsync();
            redis = await RedisServer.StartAsync();
            Proxy = new RefusingProxy(redis.Port);
            Service = await FastKvProcess.StartAsync(
                $"127.0.0.1:{Proxy.Port}",
                [.. Receiver.Settings, ("Logging__LogLevel__Default", "Trace")]
            );
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Service is not null)
        {
            await Service.DisposeAsync();
            await Proxy.DisposeAsync();
            await redis.DisposeAsync();
            await Receiver.DisposeAsync();
        }
    }

    /// <summary>A service that is as it was at first, whatever a test before has left behind.</summary>
    internal async Task HealAsync()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        Proxy.Refuse = _ => null;
        Proxy.IsCarriedOut = false;
        Proxy.LastRefused = int.MaxValue;
        await Service.UntilReadyAsync(TimeSpan.FromSeconds(10));
    }
}
