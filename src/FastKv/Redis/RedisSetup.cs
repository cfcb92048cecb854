using FastKv.Configuration;
using FastKv.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace FastKv.Redis;

internal static partial class RedisSetup
{
    private const int LargeKeepAliveSeconds = 2;
    private const int LargeConfigCheckSeconds = 60;

    /// <summary>
    /// Adds the connection to the Redis of <c>ConnectionStrings__Redis</c>, or to the embedded store if there is none.
    /// </summary>
    /// <returns>The folder of the embedded store, or null with a Redis.</returns>
    public static string? AddRedis(this WebApplicationBuilder builder) =>
        builder.Services.AddRedis(builder.Configuration);

    /// <inheritdoc cref="AddRedis(WebApplicationBuilder)"/>
    public static string? AddRedis(this IServiceCollection services, IConfiguration settings)
    {
        var options = RedisOptions.From(settings);
        var connectionString = settings.GetConnectionString("Redis");
        var directory = EmbeddedDirectory(settings);
        if (directory is not null)
        {
            connectionString = services.AddEmbeddedStore(directory);
        }
        else
        {
            services.AddSingleton<WriteGate>();
        }

        var configuration = options.ToConfiguration(connectionString!);
        if (!string.IsNullOrEmpty(configuration.ServiceName))
        {
            AllowThreadsToWaitForSentinels();
        }

        services.AddSingleton(options);
        services.AddSingleton(new StoreClock(StandsInScripts: directory is null));
        services.AddSingleton(configuration);
        services.AddSingleton<RedisKeys>();
        services.AddSingleton<RedisConnection>();
        if (directory is null)
        {
            // In front of the connection, to be told of the first.
            services.AddHostedService<RedisRequirementsCheck>();
        }

        services.AddHostedService(provider => provider.GetRequiredService<RedisConnection>());
        services.AddSingleton<FailoverMonitor>();
        services.AddHostedService(provider => provider.GetRequiredService<FailoverMonitor>());
        services.AddSingleton(provider => ForLargeValues(provider, configuration));
        services.AddHostedService(provider => provider.GetRequiredService<LargeValueLane>());
        services.AddSingleton<UnknownErrorLog>();
        services.AddSingleton<RedisCommands>();
        services.AddSingleton<StoreFailures>();
        services.AddSingleton<RedisDiagnostics>();
        services.AddHostedService(provider => provider.GetRequiredService<RedisDiagnostics>());
        services.AddSingleton<FixedWindowCounter>();
        return directory;
    }

    /// <summary>The folder of the embedded store, whether it is there or not; null if the settings name a Redis.</summary>
    /// <exception cref="InvalidSettingException">The setting is there and empty.</exception>
    public static string? EmbeddedDirectory(IConfiguration settings)
    {
        if (!string.IsNullOrWhiteSpace(settings.GetConnectionString("Redis")))
        {
            return null;
        }

        var directory = settings[$"{Setting.Root}:DataDirectory"] ?? "data";
        return string.IsNullOrWhiteSpace(directory)
            ? throw new InvalidSettingException(
                "FastKv__DataDirectory is empty; set it to a folder, or leave it out for ./data."
            )
            : Path.GetFullPath(directory);
    }

    /// <summary>A second connection to the same servers. What the log has to say of them, the first one says.</summary>
    private static LargeValueLane ForLargeValues(IServiceProvider services, ConfigurationOptions configuration)
    {
        var own = configuration.Clone();
        own.ClientName += "-large";

        // What becomes of the servers it is told; it only has to notice that its own connection is dead.
        own.KeepAlive = Math.Max(own.KeepAlive, LargeKeepAliveSeconds);
        own.ConfigCheckSeconds = Math.Max(own.ConfigCheckSeconds, LargeConfigCheckSeconds);
        var connection = new RedisConnection(own, NullLogger<RedisConnection>.Instance);
        var failover = new FailoverMonitor(
            connection,
            own,
            services.GetRequiredService<RedisOptions>(),
            services.GetRequiredService<RedisKeys>(),
            services.GetRequiredService<TimeProvider>(),
            NullLogger<FailoverMonitor>.Instance
        );
        failover.Follow(services.GetRequiredService<FailoverMonitor>());
        return new LargeValueLane(connection, failover);
    }

    // StackExchange.Redis asks Sentinels on threads of the pool that wait for the answer, several at once in a failover. With as
    // few threads as cores (2), which the pool only slowly makes more, every request stood still for 2 to 3 seconds.
    private static void AllowThreadsToWaitForSentinels()
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, 16), completions);
    }

    /// <summary>Says at start which store is used.</summary>
    public static void LogStore(this WebApplication app, string? embeddedDirectory)
    {
        var connection = app.Services.GetRequiredService<RedisConnection>();
        RedisTelemetry.Observe(() => connection.Servers);
        var logger = app.Services.GetRequiredService<ILogger<RedisConnection>>();
        if (embeddedDirectory is null)
        {
            var configuration = app.Services.GetRequiredService<ConfigurationOptions>();
            var servers = string.Join(", ", configuration.EndPoints.Select(ServerName.Of));
            LogRedis(logger, servers);
        }
        else
        {
            LogEmbedded(logger, embeddedDirectory);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Store: Redis at {Servers}.")]
    private static partial void LogRedis(ILogger logger, string servers);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Store: embedded, for one process only; the data are in {Directory}. To use a Redis, set ConnectionStrings__Redis (for example localhost:6379)."
    )]
    private static partial void LogEmbedded(ILogger logger, string directory);

#if EMBEDDED_STORE
    private static string AddEmbeddedStore(this IServiceCollection services, string directory)
    {
        var store = EmbeddedStore.Start(directory);

        // As an instance, which the container does not dispose: its lifetime below does, and Garnet can't be disposed twice.
        services.AddSingleton(store);
        services.AddHostedService<EmbeddedStoreLifetime>();
        services.AddSingleton(store.Folder);
        services.AddSingleton(store.Folder.Gate);
        services.AddHostedService<DataFolderMonitor>();
        services.AddHostedService<EmbeddedStoreCompaction>();
        return store.ConnectionString;
    }

    /// <summary>Closes the embedded store after everything that uses it.</summary>
    private sealed class EmbeddedStoreLifetime(EmbeddedStore store) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            store.Dispose();
            return Task.CompletedTask;
        }
    }
#else
    private static string AddEmbeddedStore(this IServiceCollection services, string directory) =>
        throw new InvalidSettingException(
            "This build has no embedded store; set ConnectionStrings__Redis to a Redis server, for example redis:6379."
        );
#endif
}
