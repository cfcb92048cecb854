using System.Diagnostics;
using FastKv.Auth;
using FastKv.Configuration;
using FastKv.Features.Users;
using FastKv.Redis;
using FastKv.Server;
using StackExchange.Redis;

namespace FastKv.Admin;

/// <summary>
/// The store of the service and its operations, without the service: what the settings say, the connection, and nothing that
/// listens. Signing keys are not needed.
/// </summary>
internal sealed class AdminStore : IAsyncDisposable
{
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    private readonly ServiceProvider services;
    private readonly Stack<IHostedService> started = new();

    private AdminStore(ServiceProvider services, string? embeddedDirectory) =>
        (this.services, EmbeddedDirectory) = (services, embeddedDirectory);

    /// <summary>The folder of the embedded store; null with a Redis.</summary>
    public string? EmbeddedDirectory { get; }

    public AccountDeletions Deletions => services.GetRequiredService<AccountDeletions>();

    public AccountStore Accounts => services.GetRequiredService<AccountStore>();

    public ConfigurationOptions Configuration => services.GetRequiredService<ConfigurationOptions>();

    public RedisConnection Connection => services.GetRequiredService<RedisConnection>();

    public RedisKeys Keys => services.GetRequiredService<RedisKeys>();

    public RedisCommands Redis => services.GetRequiredService<RedisCommands>();

    public StoreScan Scan => services.GetRequiredService<StoreScan>();

    public SessionStore Sessions => services.GetRequiredService<SessionStore>();

    public UserFinder Users => services.GetRequiredService<UserFinder>();

    /// <summary>Reads the settings and connects.</summary>
    /// <param name="settings">Settings beside those of the environment, as the command line of the service takes them.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="InvalidSettingException">A setting is wrong, or the embedded store is in use by the service.</exception>
    /// <exception cref="AdminException">Redis can't be reached.</exception>
    public static async Task<AdminStore> OpenAsync(string[] settings, CancellationToken cancellation)
    {
        var configuration = HostSettings.CreateBuilder(settings).Configuration;
        Setting.RefuseUnknownGroups(configuration, ServerSetup.Groups);
        if (RedisSetup.EmbeddedDirectory(configuration) is { } directory && !Directory.Exists(directory))
        {
            throw new InvalidSettingException(
                $"There is no embedded store in {directory}; set ConnectionStrings__Redis to the Redis of the service, or FastKv__DataDirectory to its folder."
            );
        }

        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddSingleton(TimeProvider.System);
        collection.AddSingleton(TokenOptions.WithoutKeys(configuration));
        var embedded = collection.AddRedis(configuration);
        collection.AddSingleton<StoreScan>();
        collection.AddSingleton<CredentialStore>();
        collection.AddSingleton<SessionStore>();
        collection.AddSingleton<AccountStore>();
        collection.AddSingleton<AccountDeletions>();
        collection.AddSingleton<UserFinder>();
        var store = new AdminStore(collection.BuildServiceProvider(), embedded);
        store.Configuration.ClientName = "fastkv-admin";

        // INFO, too, StackExchange.Redis sends for administrators only.
        store.Configuration.AllowAdmin = true;
        try
        {
            await store.ConnectAsync(cancellation);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (started.TryPop(out var service))
        {
            await service.StopAsync(CancellationToken.None);
        }

        await services.DisposeAsync();
    }

    private async Task ConnectAsync(CancellationToken cancellation)
    {
        if (EmbeddedDirectory is null)
        {
            var limit = TimeSpan.FromMilliseconds(Math.Clamp(Configuration.ConnectTimeout, 1500, 10_000));
            if (await new ConnectionProbe(Configuration).FindAsync(limit, cancellation) is var (server, cause))
            {
                throw new AdminException(
                    ExitCode.Unavailable,
                    $"Redis at {ServerName.Of(server)} can't be used: {cause}. {OutageCause.AdviceFor(cause)}"
                );
            }
        }

        foreach (var service in services.GetServices<IHostedService>())
        {
            await service.StartAsync(cancellation);
            started.Push(service);
        }

        var waited = Stopwatch.StartNew();
        while (!Connection.IsConnected)
        {
            if (waited.Elapsed > ConnectTime)
            {
                throw new AdminException(
                    ExitCode.Unavailable,
                    $"There is no connection to Redis at {ServerName.Of(Connection.EndPoint)} after {ConnectTime.TotalSeconds:0} s. {OutageCause.AdviceFor(OutageCause.NoAnswer)}"
                );
            }

            await Task.Delay(PollInterval, cancellation);
        }
    }
}
