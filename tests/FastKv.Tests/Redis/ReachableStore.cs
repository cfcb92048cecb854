using FastKv.Redis;
using FastKv.Tests.Harness;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>
/// A service on a store that the test can reach too, to look at what is kept or to write a state that is hard to come by. It is
/// the Redis of all tests; where they use the embedded store, it is an embedded store of this process.
/// </summary>
public sealed class ReachableStore(ServiceFixture shared) : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private ConnectionMultiplexer multiplexer = null!;
    private FastKvProcess service = null!;

    internal string ConnectionString { get; private set; } = "";

    /// <summary>The same with all rights, which operators' commands need and the service has not.</summary>
    internal string Administration => shared.Administration ?? ConnectionString;

    internal IDatabase Database => multiplexer.GetDatabase();

    internal ApiClient Api => service.Api;

    /// <summary>
    /// The keys that have something of a user, but for the lease that a service may have taken at the same time, which lives for
    /// seconds.
    /// </summary>
    internal string[] KeysOf(string userId) =>
        [
            .. multiplexer
                .GetServers()[0]
                .Keys(pattern: $"*{userId}*", pageSize: 10_000)
                .Select(key => key.ToString())
                .Where(key => !key.StartsWith("fastkv:deletion:", StringComparison.Ordinal))
                .Distinct(),
        ];

    public async ValueTask InitializeAsync()
    {
        if (shared.Redis is { } redis)
        {
            ConnectionString = redis;
            service = shared.Service;
        }
        else
        {
            ConnectionString = StartEmbedded();
            // A store that is slow on a busy machine is no outage here: what is looked at is what stays in it.
            service = await FastKvProcess.StartAsync(ConnectionString, ("FastKv__Redis__TimeoutMilliseconds", "20000"));
        }

        multiplexer = await ConnectionMultiplexer.ConnectAsync(Administration);
    }

    public async ValueTask DisposeAsync()
    {
        await multiplexer.DisposeAsync();
        if (service != shared.Service)
        {
            await service.DisposeAsync();
        }

        StopEmbedded();
        directory.Dispose();
    }

#if EMBEDDED_STORE
    private EmbeddedStore? embedded;

    private string StartEmbedded() => (embedded = EmbeddedStore.Start(directory.Path)).ConnectionString;

    private void StopEmbedded() => embedded?.Dispose();
#else
    private static string StartEmbedded() =>
        throw new InvalidOperationException("This build has no embedded store; set FASTKV_TEST_REDIS to a Redis.");

    private static void StopEmbedded() { }
#endif
}
