using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>The store did not carry the command out, and certainly will not: the caller may try again.</summary>
internal sealed class StoreUnavailableException(string reason, Exception? cause = null) : Exception(reason, cause)
{
    /// <summary>For the log: what failed, without keys or values.</summary>
    public string Reason { get; } = reason;
}

/// <summary>A write was sent and its reply was lost: it may or may not have happened.</summary>
internal sealed class OutcomeUnknownException(string reason, Exception? cause = null) : Exception(reason, cause)
{
    /// <summary>For the log: what failed, without keys or values.</summary>
    public string Reason { get; } = reason;
}

/// <summary>There is no place on the way of large values to the store now; nothing was sent.</summary>
internal sealed class StoreBusyException() : Exception("No place for a large value.");

/// <summary>What a command can have done when it fails.</summary>
internal enum CommandKind
{
    /// <summary>Nothing, whatever happened.</summary>
    Read,

    /// <summary>All or nothing: a single command of Redis, or a script that says by a reply of its own that it broke midway.</summary>
    Write,

    /// <summary>A part of it: a script that failed midway keeps what it has written.</summary>
    Script,
}

/// <summary>Tells an outage of the store from a bug, and a command that was not carried out from one that may have been.</summary>
internal static class StoreFault
{
    /// <summary>The exception to throw instead, or null if this is not an outage of the store.</summary>
    public static Exception? Classify(Exception fault, CommandKind command) =>
        fault switch
        {
            RedisServerException error => OfErrorReply(error, command),
            // Thrown instead of sending: the server is known to be a replica, for example.
            RedisCommandException => new StoreUnavailableException("CommandNotSent", fault),
            RedisConnectionException { FailureType: ConnectionFailureType.UnableToResolvePhysicalConnection } =>
                new StoreUnavailableException("NoConnection", fault),
            RedisConnectionException lost => OfLostReply(command, lost.FailureType.ToString(), fault),
            RedisTimeoutException or TimeoutException => OfLostReply(command, "Timeout", fault),
            RedisException
            or ObjectDisposedException
            or OperationCanceledException
            or IOException
            or System.Net.Sockets.SocketException => OfLostReply(command, "Disconnected", fault),
            _ => null,
        };

    /// <summary>What went wrong, in a word for telemetry, without keys or values.</summary>
    public static string Reason(Exception fault) =>
        fault switch
        {
            StoreUnavailableException unavailable => unavailable.Reason,
            OutcomeUnknownException unknown => unknown.Reason,
            RedisServerException error => ErrorReply.Reason(error),
            _ => fault.GetType().FullName!,
        };

    private static Exception OfErrorReply(RedisServerException error, CommandKind command)
    {
        var reason = ErrorReply.Reason(error);
        if (ErrorReply.IsRefusal(error))
        {
            return new StoreUnavailableException(reason, error);
        }

        if (ErrorReply.IsOfAnother(error))
        {
            return OfLostReply(command, reason, error);
        }

        // A server that answers a single command with an error has not carried it out, whatever its words are.
        var mayBeDone =
            command == CommandKind.Script && !ErrorReply.IsBeforeScript(error)
            || command == CommandKind.Write && ErrorReply.IsOfProxy(error);
        return mayBeDone ? new OutcomeUnknownException(reason, error) : new StoreUnavailableException(reason, error);
    }

    // The status that the exceptions carry is not asked: StackExchange.Redis says "sent" only after it has written the command,
    // so a command whose bytes are half on the wire when its time is up still says "waiting".
    private static Exception OfLostReply(CommandKind command, string reason, Exception fault) =>
        command == CommandKind.Read
            ? new StoreUnavailableException(reason, fault)
            : new OutcomeUnknownException(reason, fault);
}
