using FastKv.Tests.Harness;

namespace FastKv.Tests.Abuse;

/// <summary>A service of a test's own, with settings of its own, on the store that the other tests use, but with its own keys.</summary>
internal sealed class OwnService : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();

    private OwnService(string? redis, (string, string?)[] settings, string keyPrefix)
    {
        KeyPrefix = keyPrefix;
        Process = FastKvProcess.Launch(
            redis,
            [("FastKv__DataDirectory", directory.Path), ("FastKv__Redis__KeyPrefix", keyPrefix), .. settings]
        );
    }

    public FastKvProcess Process { get; }

    public ApiClient Api => Process.Api;

    public Uri Address => Process.Address;

    public string KeyPrefix { get; }

    public static Task<OwnService> StartAsync(ServiceFixture fixture, params (string Name, string? Value)[] settings) =>
        StartAsync(fixture.Redis, $"test-{Guid.NewGuid():N}", settings);

    public static async Task<OwnService> StartAsync(
        string? redis,
        string keyPrefix,
        params (string Name, string? Value)[] settings
    )
    {
        var service = new OwnService(redis, settings, keyPrefix);
        await service.Process.UntilReadyAsync();
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        directory.Dispose();
    }
}
