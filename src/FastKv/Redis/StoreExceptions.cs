using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>The store did not carry the command out, and certainly will not: the caller may try again.</summary>
internal sealed class StoreUnavailableException(string reason, Exception? cause = null) : Exception(reason, cause)
{
    /// <summary>For the log: what failed, without keys or values.</summary>
    public string Reason { get; } = reason;
}

/// <summary>A write was sent and its reply was lost: it may or may not have happened.</summary>
internal sealed class OutcomeUnknownException(string reason, Exception cause) : Exception(reason, cause)
{
    /// <summary>For the log: what failed, without keys or values.</summary>
    public string Reason { get; } = reason;
}

/// <summary>Tells an outage of the store from a bug, and a command that was not carried out from one that may have been.</summary>
internal static class StoreFault
{
    /// <summary>The exception to throw instead, or null if this is not an outage of the store.</summary>
    public static Exception? Classify(Exception fault, bool write) =>
        fault switch
        {
            RedisServerException refusal => IsRefusal(refusal.Kind)
            || NamesRefusal(refusal.Message)
            || IsRefusalInScript(refusal)
                ? new StoreUnavailableException(refusal.Kind.ToString(), fault)
                : null,
            // Thrown instead of sending: the server is known to be a replica, for example.
            RedisCommandException => new StoreUnavailableException("CommandNotSent", fault),
            RedisConnectionException { FailureType: ConnectionFailureType.UnableToResolvePhysicalConnection } =>
                new StoreUnavailableException("NoConnection", fault),
            RedisConnectionException lost => OfLostReply(write, lost.FailureType.ToString(), fault),
            RedisTimeoutException or TimeoutException => OfLostReply(write, "Timeout", fault),
            RedisException
            or ObjectDisposedException
            or OperationCanceledException
            or IOException
            or System.Net.Sockets.SocketException => OfLostReply(write, "Disconnected", fault),
            _ => null,
        };

    /// <summary>What went wrong, in a word for telemetry, without keys or values.</summary>
    public static string Reason(Exception fault) =>
        fault switch
        {
            StoreUnavailableException unavailable => unavailable.Reason,
            OutcomeUnknownException unknown => unknown.Reason,
            RedisServerException refusal => refusal.Kind.ToString(),
            _ => fault.GetType().FullName!,
        };

    // The status that the exceptions carry is not asked: StackExchange.Redis says "sent" only after it has written the command,
    // so a command whose bytes are half on the wire when its time is up still says "waiting".
    private static Exception OfLostReply(bool write, string reason, Exception fault) =>
        write ? new OutcomeUnknownException(reason, fault) : new StoreUnavailableException(reason, fault);

    /// <summary>
    /// Replies with which a server says that it did not run the command because of its own state, not because the command is
    /// wrong (redis.io, "Redis serialization protocol", simple errors; redis.conf).
    /// </summary>
    private static bool IsRefusal(RedisErrorKind kind) =>
        kind
            is RedisErrorKind.Loading
                or RedisErrorKind.ClusterDown
                or RedisErrorKind.MasterDown
                or RedisErrorKind.TryAgain
                or RedisErrorKind.NoReplicas
                or RedisErrorKind.Misconfigured
                or RedisErrorKind.OutOfMemory
                or RedisErrorKind.Busy
                or RedisErrorKind.MaxClients
                or RedisErrorKind.Moved
                or RedisErrorKind.Ask
                or RedisErrorKind.NoAuth
                or RedisErrorKind.WrongPass
                or RedisErrorKind.NoPermission
                or RedisErrorKind.NotPermitted
                or RedisErrorKind.ReadOnly
                or RedisErrorKind.UnknownRedirectTarget;

    // StackExchange.Redis sometimes hands a reply on without its kind, as "SimpleError: MISCONF …": seen with 232 of 43,000 refusals.
    private static bool NamesRefusal(string message) =>
        RefusalWords.Any(word =>
            message.StartsWith(word, StringComparison.Ordinal)
            || message.StartsWith("SimpleError: " + word, StringComparison.Ordinal)
        );

    private static readonly string[] RefusalWords =
    [
        "LOADING ",
        "CLUSTERDOWN ",
        "MASTERDOWN ",
        "TRYAGAIN ",
        "NOREPLICAS ",
        "MISCONF ",
        "OOM ",
        "BUSY ",
        "MOVED ",
        "ASK ",
        "NOAUTH ",
        "WRONGPASS ",
        "NOPERM ",
        "READONLY ",
    ];

    /// <summary>
    /// A script met a command or a key that the user has no right to (in the words of Redis 7.2 and of those before it). Each of
    /// ours does so before it writes.
    /// </summary>
    private static bool IsRefusalInScript(RedisServerException refusal) =>
        refusal.Message.Contains("ACL failure in script", StringComparison.Ordinal)
        || refusal.Message.Contains("The user executing the script can't", StringComparison.Ordinal);
}
