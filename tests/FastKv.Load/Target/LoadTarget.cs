namespace FastKv.Load.Target;

/// <summary>What the load goes to, and what has to be ended after it.</summary>
internal sealed class LoadTarget : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> started = [];
    private ServiceProcess? service;
    private readonly WorkFolder folder = new();

    private LoadTarget() { }

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    public string Description { get; private set; } = "";

    /// <summary>Takes the given address, or publishes and starts the service with a Redis of its own.</summary>
    public static async Task<LoadTarget> OpenAsync(TargetOptions options, CancellationToken cancellation)
    {
        var target = new LoadTarget();
        try
        {
            if (options.Address is { } address)
            {
                (target.Address, target.Description) = (address, address.ToString());
            }
            else
            {
                await target.StartAsync(options, cancellation);
            }

            return target;
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    /// <summary>What became of the service that was started here, if it has died.</summary>
    public string? EndedBecause => service?.Process.EndedBecause;

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(started))
        {
            await process.DisposeAsync();
        }

        folder.Dispose();
    }

    private async Task StartAsync(TargetOptions options, CancellationToken cancellation)
    {
        var assembly = await ServiceBuild.PublishAsync(options.Published, cancellation);
        RedisProcess? redis = null;
        if (RedisProcess.IsInstalled)
        {
            redis = await RedisProcess.StartAsync(folder.FullName, cores: null, cancellation);
            started.Add(redis);
        }

        var settings = new ServiceSettings(redis?.Port, folder.FullName);
        service = await settings.StartAsync(assembly, cores: null, cancellation);
        started.Add(service);
        Address = options.Http2 ? service.Http2 : service.Http1;
        Description = redis is null
            ? $"{Address} (started here, embedded store: no redis-server on the PATH)"
            : $"{Address} (started here, redis-server on port {redis.Port})";
    }
}
