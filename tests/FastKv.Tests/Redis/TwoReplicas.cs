using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>Two services on one store.</summary>
public sealed class TwoReplicas(ServiceFixture shared) : IAsyncLifetime
{
    private readonly ReachableStore store = new(shared);
    private FastKvProcess second = null!;

    internal ApiClient One => store.Api;

    internal ApiClient Other => second.Api;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        second = await FastKvProcess.StartAsync(store.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await second.DisposeAsync();
        await store.DisposeAsync();
    }
}
