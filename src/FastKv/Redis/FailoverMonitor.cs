using System.Diagnostics;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Leaves a server that is no longer the master although it lives on. Behind one address (a proxy, a Service of Kubernetes, a
/// name in DNS) a failover leads new connections to the new master, while the old one may keep those it has, and may even go on
/// taking writes that will be lost; so does an old master for some seconds after a Sentinel has named a new one. Who is asked is
/// the address, or the Sentinel: by a connection of its own, at once and then every second, which takes the place of the old one when it has
/// reached the master. Until then the old one is used, so that a replica that nobody relieves is still read. A cluster redirects
/// commands by itself.
/// </summary>
internal sealed partial class FailoverMonitor(
    RedisConnection connection,
    ConfigurationOptions configuration,
    RedisOptions options,
    RedisKeys keys,
    TimeProvider time,
    ILogger<FailoverMonitor> logger
) : BackgroundService
{
    /// <summary>At most one connection is tried in this time.</summary>
    private static readonly TimeSpan AttemptInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often it is looked at what a write met and what StackExchange.Redis knows, which asks each server once a second.
    /// </summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    /// <summary>
    /// What is known of the servers has changed, and whether it is another master that is used from now on. For a second connection
    /// to the same servers, which then need not ask them as often.
    /// </summary>
    public event Action<bool>? Changed;

    private readonly bool isSentinel = !string.IsNullOrEmpty(configuration.ServiceName);
    private IConnectionMultiplexer? refusing;
    private readonly AddressWatch addresses = new(configuration, time);
    private int hasMoved;
    private int roles;
    private bool isFollower;
    private long? logged;

    /// <summary>To be told of every failure of a command, so that the first refused write is enough.</summary>
    /// <param name="origin">The connection that the command was sent over.</param>
    public void Observe(IConnectionMultiplexer origin, Exception fault)
    {
        if (fault is RedisServerException error && ErrorReply.IsOfReplica(error))
        {
            Volatile.Write(ref refusing, origin);
        }
    }

    /// <summary>Looks at once when another monitor of the same servers has seen something change. To be called before the start.</summary>
    public void Follow(FailoverMonitor other)
    {
        isFollower = true;
        other.Changed += isMove =>
        {
            Volatile.Write(ref hasMoved, isMove ? 1 : Volatile.Read(ref hasMoved));
            _ = connection.Multiplexer?.ConfigureAsync();
        };
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _ = isFollower ? Task.CompletedTask : WatchAddressesAsync(stoppingToken);
        while (true)
        {
            await Task.Delay(LookInterval, stoppingToken);
            if (connection.Multiplexer is not { } current)
            {
                continue;
            }

            if (RolesOf(current) is var now && now != roles)
            {
                roles = now;
                Changed?.Invoke(false);
            }

            var isRefusing = Interlocked.Exchange(ref refusing, null) == current;
            var doubt = DoubtOf(current, isRefusing);
            if (doubt == Doubt.None)
            {
                continue;
            }

            var started = Stopwatch.GetTimestamp();
            LogOnceAMinute(doubt);
            var isMove = Interlocked.Exchange(ref hasMoved, 0) == 1;
            if (await FindMasterAsync(current) is { } master)
            {
                connection.Use(master);
                Changed?.Invoke(true);
                _ = RetireAsync(current);
                logged = null;
                LogMaster();
            }
            else
            {
                Volatile.Write(ref hasMoved, isMove ? 1 : Volatile.Read(ref hasMoved));

                // A replica that StackExchange.Redis took for a second master when it met it is read only after it has looked again.
                _ = doubt == Doubt.Replica ? current.ConfigureAsync() : Task.CompletedTask;
            }

            var left = AttemptInterval - Stopwatch.GetElapsedTime(started);
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, stoppingToken);
        }
    }

    private async Task WatchAddressesAsync(CancellationToken stoppingToken)
    {
        while (addresses.HasNames && !isSentinel && (connection.Multiplexer is not { } current || !IsCluster(current)))
        {
            // From the start on, to know where a name led to when the first connection was made. Those of a cluster are there to
            // begin with only; its nodes tell their own.
            if (await addresses.HasMovedAsync())
            {
                Volatile.Write(ref hasMoved, 1);
            }

            await Task.Delay(AddressWatch.Interval, time, stoppingToken);
        }
    }

    /// <summary>Why the address, or the Sentinel, is to be asked anew.</summary>
    private enum Doubt
    {
        None,

        /// <summary>Every server that is connected is a replica.</summary>
        Replica,

        /// <summary>No server is connected, and StackExchange.Redis does not resolve the name again (resolveDns=true).</summary>
        Gone,

        /// <summary>More than one server says that it is the master.</summary>
        Split,

        /// <summary>A name leads elsewhere.</summary>
        Moved,
    }

    private Doubt DoubtOf(ConnectionMultiplexer multiplexer, bool isRefusing)
    {
        if (IsCluster(multiplexer))
        {
            return Doubt.None;
        }

        var masters = 0;
        var replicas = 0;
        foreach (var server in multiplexer.GetServers())
        {
            masters += server is { IsConnected: true, IsReplica: false } ? 1 : 0;
            replicas += server is { IsConnected: true, IsReplica: true } ? 1 : 0;
        }

        return (isSentinel, masters, replicas) switch
        {
            // All else a Sentinel tells StackExchange.Redis.
            (true, _, _) => masters > 1 ? Doubt.Split : Doubt.None,
            (false, 0, > 0) => Doubt.Replica,
            (false, 0, 0) => configuration.ResolveDns ? Doubt.Gone : Doubt.None,
            _ when isRefusing => Doubt.Replica,
            _ => Volatile.Read(ref hasMoved) == 1 ? Doubt.Moved : Doubt.None,
        };
    }

    private static int RolesOf(ConnectionMultiplexer multiplexer) =>
        multiplexer
            .GetServers()
            .Aggregate(
                0,
                (sum, server) => sum + HashCode.Combine(server.EndPoint, server.IsReplica, server.IsConnected)
            );

    private static bool IsCluster(ConnectionMultiplexer multiplexer) =>
        multiplexer.GetServers().Any(server => server.ServerType == ServerType.Cluster);

    /// <summary>Asks anew where the master is: a name of the address, the Sentinel, and where a new connection ends.</summary>
    /// <returns>A connection to another master than that of the current one, or null.</returns>
    private async Task<ConnectionMultiplexer?> FindMasterAsync(ConnectionMultiplexer current)
    {
        ConnectionMultiplexer? candidate = null;
        try
        {
            candidate = await ConnectionMultiplexer.ConnectAsync(configuration);
            if ((!isSentinel || IsAnother(candidate, current)) && await TakesWritesAsync(candidate))
            {
                return candidate;
            }
        }
        catch (Exception failure)
        {
            // Whatever kept this attempt from a master, the next is a second away.
            var cause = failure.GetType().Name;
            LogAttemptFailed(cause);
        }

        await (candidate?.DisposeAsync() ?? ValueTask.CompletedTask);
        return null;
    }

    // A new connection begins with the server that the Sentinel names, the current one with that which was named before.
    private bool IsAnother(ConnectionMultiplexer candidate, ConnectionMultiplexer current) =>
        !candidate
            .GetServer(keys.Probe, flags: CommandFlags.DemandMaster)
            .EndPoint.Equals(current.GetServer(keys.Probe, flags: CommandFlags.DemandMaster).EndPoint);

    // Asked by a write, because a proxy may hide the role of a server.
    private async Task<bool> TakesWritesAsync(ConnectionMultiplexer candidate)
    {
        try
        {
            return await candidate
                .GetDatabase()
                .StringSetAsync(keys.Probe, RedisValue.EmptyString, RedisKeys.ProbeLifetime);
        }
        catch (RedisServerException refusal)
        {
            // A master that is out of memory, for example, is where the writes belong all the same.
            return !ErrorReply.IsOfReplica(refusal);
        }
    }

    /// <summary>Closes a connection when every command that was sent over it has been answered or given up.</summary>
    private async Task RetireAsync(ConnectionMultiplexer multiplexer)
    {
        await Task.Delay(options.TimeoutMilliseconds);
        await multiplexer.DisposeAsync();
    }

    private void LogOnceAMinute(Doubt doubt)
    {
        if (doubt == Doubt.Replica && (logged is not { } last || Stopwatch.GetElapsedTime(last) > LogInterval))
        {
            logged = Stopwatch.GetTimestamp();
            LogReplica();
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Redis has become a replica and takes no writes; its address is asked anew every second until it leads to a master. If there was no failover, see who told Redis to follow another (REPLICAOF)."
    )]
    private partial void LogReplica();

    [LoggerMessage(Level = LogLevel.Information, Message = "Redis has another master, which is used from now on.")]
    private partial void LogMaster();

    [LoggerMessage(Level = LogLevel.Debug, Message = "The address of Redis led to no master: {Cause}.")]
    private partial void LogAttemptFailed(string cause);
}
