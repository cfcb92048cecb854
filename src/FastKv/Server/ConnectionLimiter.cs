using FastKv.Configuration;
using FastKv.Telemetry;

namespace FastKv.Server;

/// <summary>
/// Bounds the connections that are open at once, over all listeners: by <see cref="LimitOptions.MaxConnections"/>, and by the file
/// descriptors, without which the runtime ends the process. Some of these are kept for Redis, telemetry and files.
/// </summary>
internal sealed partial class ConnectionLimiter(
    LimitOptions limits,
    TimeProvider time,
    ILogger<ConnectionLimiter> logger
)
{
    /// <summary>
    /// Descriptors that no connection gets: a reconnect to Redis takes 4 (more to a cluster), an exporter 2, a library that is
    /// loaded with the first request of a kind 2, and of these there are few.
    /// </summary>
    private const int ReservedDescriptors = 32;

    /// <summary>Connections: what nobody has set may be lowered to this without a word.</summary>
    private const int FewConnections = 1000;

    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private int maximum = limits.MaxConnections;
    private long nextLog;
    private int open;
    private int measured;

    /// <summary>Lowers the limit to what the descriptors allow, when the first listener opens.</summary>
    public void Measure()
    {
        if (Interlocked.Exchange(ref measured, 1) != 0)
        {
            return;
        }

        var descriptors = FileDescriptors.Limit;
        maximum = Math.Clamp(descriptors - FileDescriptors.Open - ReservedDescriptors, 1, limits.MaxConnections);
        if (maximum < limits.MaxConnections && (limits.IsMaxConnectionsSet || maximum < FewConnections))
        {
            LogLowered(limits.MaxConnections, descriptors, maximum);
        }
    }

    /// <summary>Counts a connection that was accepted, unless there is no room for it: then it is to be closed.</summary>
    /// <param name="descriptor">
    /// Its descriptor. The system gives out the lowest one that is free, so a high one tells how many are taken, by whomever.
    /// </param>
    public bool TryEnter(int descriptor)
    {
        if (Interlocked.Increment(ref open) > maximum)
        {
            Refuse("connections");
            return false;
        }

        // Asked each time: an operator may change it while the process runs.
        if (descriptor >= FileDescriptors.Limit - ReservedDescriptors)
        {
            Refuse("descriptors");
            return false;
        }

        return true;
    }

    /// <summary>A connection that had entered is closed.</summary>
    public void Leave() => Interlocked.Decrement(ref open);

    private void Refuse(string limit)
    {
        Interlocked.Decrement(ref open);
        Instruments.CountRefusedConnection(limit);
        var now = time.GetTimestamp();
        var next = Volatile.Read(ref nextLog);
        var later = now + (long)(LogInterval.TotalSeconds * time.TimestampFrequency);
        if (now >= next && Interlocked.CompareExchange(ref nextLog, later, next) == next)
        {
            LogRefused(limit, Volatile.Read(ref open));
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "FastKv__Limits__MaxConnections is {Wanted}, but the limit of open files, {Descriptors}, leaves room for {Maximum} connections. Raise it (ulimit -n, LimitNOFILE), or lower the setting."
    )]
    private partial void LogLowered(int wanted, int descriptors, int maximum);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "New connections are closed, because too many are open: {Open}. The limit is that of {Limit}. Said once a minute; fastkv.connections.refused counts them."
    )]
    private partial void LogRefused(string limit, int open);
}
