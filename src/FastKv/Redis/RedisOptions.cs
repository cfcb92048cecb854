using FastKv.Configuration;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>Settings <c>ConnectionStrings__Redis</c> and <c>FastKv__Redis__*</c>.</summary>
internal sealed class RedisOptions
{
    /// <summary>What every key in Redis begins with, so that several installations can share one Redis. 1 to 64 characters.</summary>
    public string KeyPrefix { get; set; } = "fastkv";

    /// <summary>Milliseconds within which every request is answered, whatever the store does. 500 to 60,000.</summary>
    public int TimeoutMilliseconds { get; set; } = 2000;

    /// <summary>
    /// What one request may wait for the store: timeouts are looked for at each heartbeat, so a command is given up at most one
    /// heartbeat after its timeout, and the answer needs time as well.
    /// </summary>
    public TimeSpan CommandTimeout => TimeSpan.FromMilliseconds(TimeoutMilliseconds) - 3 * Heartbeat;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(100);

    public static RedisOptions From(IConfiguration configuration)
    {
        var options = Setting.Bind<RedisOptions>(configuration, "Redis");
        Setting.RequireRange("Redis:TimeoutMilliseconds", options.TimeoutMilliseconds, 500, 60_000);
        if (
            options.KeyPrefix.Length is < 1 or > 64
            || options.KeyPrefix.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.' or ':'))
        )
        {
            throw new InvalidSettingException(
                "FastKv__Redis__KeyPrefix must be 1 to 64 letters, digits, or _ - . : characters."
            );
        }

        return options;
    }

    /// <summary>What the connection needs to keep the promise of <see cref="TimeoutMilliseconds"/>.</summary>
    /// <exception cref="InvalidSettingException">The connection string can't be read.</exception>
    public ConfigurationOptions ToConfiguration(string connectionString)
    {
        ConfigurationOptions configuration;
        try
        {
            configuration = ConfigurationOptions.Parse(connectionString);
        }
        catch (ArgumentException)
        {
            throw new InvalidSettingException(
                "ConnectionStrings__Redis can't be read; write it as StackExchange.Redis does, for example redis:6379,user=fastkv,password=secret,ssl=true."
            );
        }

        if (configuration.EndPoints.Count == 0)
        {
            throw new InvalidSettingException(
                "ConnectionStrings__Redis names no server; set it to at least one host:port, for example redis:6379."
            );
        }

        var timeout = (int)CommandTimeout.TotalMilliseconds;
        configuration.HeartbeatInterval = Heartbeat;
        configuration.AsyncTimeout = timeout;
        configuration.SyncTimeout = timeout;
        configuration.ConnectTimeout = Math.Min(timeout, 1000);
        configuration.KeepAlive = 1;
        // How soon a replica that became the master, or the other way round, is seen.
        configuration.ConfigCheckSeconds = 1;
        configuration.CircuitBreaker = new SilenceCircuitBreaker(CommandTimeout);
        configuration.BeforeSocketConnect = static (_, _, socket) => SilenceCircuitBreaker.Observe(socket);
        configuration.AbortOnConnectFail = false;
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        configuration.ReconnectRetryPolicy = new LinearRetry(250);
        configuration.IncludeDetailInExceptions = false;
        configuration.ClientName ??= "fastkv";
        return configuration;
    }
}
