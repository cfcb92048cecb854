using FastKv.Configuration;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>Settings <c>ConnectionStrings__Redis</c> and <c>FastKv__Redis__*</c>.</summary>
internal sealed class RedisOptions
{
    /// <summary>
    /// What every key in Redis begins with, before its first colon, so that several installations can share one Redis. 1 to 64
    /// letters, digits, _ - or . characters: without a colon of its own no prefix can begin with another's keys.
    /// </summary>
    public string KeyPrefix { get; set; } = "fastkv";

    /// <summary>Milliseconds within which every request is answered, whatever the store does. 500 to 60,000.</summary>
    public int TimeoutMilliseconds { get; set; } = 2000;

    /// <summary>
    /// What one request may wait for the store: timeouts are looked for at each heartbeat, so a command is given up at most one
    /// heartbeat after its timeout, and the answer needs time as well.
    /// </summary>
    public TimeSpan CommandTimeout => TimeSpan.FromMilliseconds(TimeoutMilliseconds) - 3 * Heartbeat;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// What StackExchange.Redis would send of its own accord and the service has no use for: a second connection to each server for
    /// messages, with a command a second to keep it, and questions that need rights of an administrator.
    /// </summary>
    private static readonly HashSet<string> Unused =
    [
        "CONFIG",
        "ROLE",
        "PUBLISH",
        "SPUBLISH",
        "SUBSCRIBE",
        "PSUBSCRIBE",
        "SSUBSCRIBE",
        "UNSUBSCRIBE",
        "PUNSUBSCRIBE",
        "SUNSUBSCRIBE",
    ];

    public static RedisOptions From(IConfiguration configuration)
    {
        var options = Setting.Bind<RedisOptions>(configuration, "Redis");
        Setting.RequireRange("Redis:TimeoutMilliseconds", options.TimeoutMilliseconds, 500, 60_000);
        if (
            options.KeyPrefix.Length is < 1 or > 64
            || options.KeyPrefix.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.'))
        )
        {
            throw new InvalidSettingException(
                "FastKv__Redis__KeyPrefix must be 1 to 64 letters, digits, or _ - . characters (no colon, so that the keys of two installations can't meet)."
            );
        }

        return options;
    }

    /// <summary>What the connection needs to keep the promise of <see cref="TimeoutMilliseconds"/>.</summary>
    /// <exception cref="InvalidSettingException">The connection string can't be read.</exception>
    public ConfigurationOptions ToConfiguration(string connectionString)
    {
        var written = RedisConnectionString.Parse(connectionString);
        if (written.Sets("syncTimeout") || written.Sets("asyncTimeout"))
        {
            throw new InvalidSettingException(
                "ConnectionStrings__Redis sets syncTimeout or asyncTimeout; leave it out and set FastKv__Redis__TimeoutMilliseconds."
            );
        }

        var configuration = written.Configuration;
        var timeout = (int)CommandTimeout.TotalMilliseconds;
        if (!written.Sets("connectTimeout"))
        {
            configuration.ConnectTimeout = Math.Min(timeout, 1000);
        }

        if (configuration.ConnectTimeout is < 100 or > 600_000)
        {
            throw new InvalidSettingException(
                "ConnectionStrings__Redis sets a connectTimeout that is no number of milliseconds from 100 to 600000."
            );
        }

        if (!written.Sets("keepAlive"))
        {
            // It is also what a handshake may wait for a reply, so it must not be shorter than the time for connecting.
            configuration.KeepAlive = Math.Max(1, (configuration.ConnectTimeout + 999) / 1000);
        }

        if (!written.Sets("configCheckSeconds"))
        {
            // How soon a replica that became the master, or the other way round, is seen.
            configuration.ConfigCheckSeconds = 1;
        }

        if (configuration.Proxy == Proxy.None && !written.MapsCommands)
        {
            configuration.CommandMap = CommandMap.Create(Unused, available: false);
        }

        // StackExchange.Redis leaves INFO, which tells what the server keeps, to connections of administrators.
        configuration.AllowAdmin = true;

        // Which of several masters is the right one is for the cluster, the Sentinels or the address to say, not for a key.
        configuration.TieBreaker = "";
        configuration.ConfigurationChannel = "";
        configuration.HeartbeatInterval = Heartbeat;
        configuration.AsyncTimeout = timeout;
        configuration.SyncTimeout = timeout;
        configuration.CircuitBreaker = new SilenceCircuitBreaker(CommandTimeout);
        configuration.BeforeSocketConnect = static (_, _, socket) => SilenceCircuitBreaker.Observe(socket);
        configuration.AbortOnConnectFail = false;
        configuration.BacklogPolicy = BacklogPolicy.FailFast;

        // Milliseconds. What is connecting for so long is given up, too, so a machine that is starved needs more of them.
        configuration.ReconnectRetryPolicy = new ExponentialRetry(250, 750);
        configuration.IncludeDetailInExceptions = false;
        configuration.ClientName ??= "fastkv";

        // CLIENT SETINFO, for which Redis before 7.2 has no right to give.
        configuration.SetClientLibrary = false;
        return configuration;
    }
}
