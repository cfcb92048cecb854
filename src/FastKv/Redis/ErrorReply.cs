using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Reads the error replies of servers. They begin with a word in capitals, which is all that is ever logged of them: the text
/// behind it can hold keys, usernames and email addresses.
/// </summary>
internal static class ErrorReply
{
    /// <summary>
    /// Whether a server says that it did not run the command because of its own state, not because the command is wrong
    /// (redis.io, "Redis serialization protocol", simple errors; redis.conf). A script gets these words before it begins or from
    /// its first write, never later (Redis, scriptVerifyWriteCommandAllow), except for a right that is missing.
    /// </summary>
    public static bool IsRefusal(RedisServerException error) =>
        IsRefusal(error.Kind) && !IsMissingRightInScript(error) || NamesRefusal(Text(error));

    /// <summary>
    /// Whether the server is a replica: it takes no writes, or has lost its master. Before Redis 7 a script's error has the
    /// word in its midst.
    /// </summary>
    public static bool IsOfReplica(RedisServerException error) =>
        error.Kind is RedisErrorKind.ReadOnly or RedisErrorKind.MasterDown
        || Text(error).StartsWith("READONLY ", StringComparison.Ordinal)
        || error.Message.Contains("-READONLY ", StringComparison.Ordinal);

    /// <summary>
    /// Whether this is not the reply to the command itself: StackExchange.Redis asked something of its own, was refused and gave
    /// the connection up, and with it all commands whose replies had not come.
    /// </summary>
    public static bool IsOfAnother(RedisServerException error) => error.Kind == RedisErrorKind.ConnectionFault;

    /// <summary>Whether a script that got this reply did not begin.</summary>
    public static bool IsBeforeScript(RedisServerException error) =>
        error.Kind is RedisErrorKind.NoScript or RedisErrorKind.CrossSlot or RedisErrorKind.ExecAbort
        || Text(error).StartsWith("ERR unknown command 'EVAL", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Whether a proxy (Envoy, Twemproxy, Predixy, those of hosted services) says that it lost the server which it had handed
    /// the command to.
    /// </summary>
    public static bool IsOfProxy(RedisServerException error) =>
        !IsUnknownCommand(error)
        && ProxyWords.Any(words => error.Message.Contains(words, StringComparison.OrdinalIgnoreCase));

    /// <summary>What it is in a word for logs and telemetry, one of few.</summary>
    public static string Reason(RedisServerException error) =>
        error.Kind == RedisErrorKind.UnknownCommand && !IsUnknownCommand(error)
            ? nameof(RedisErrorKind.UnknownError)
            : error.Kind.ToString();

    /// <summary>The first word, if it is one that is safe to log: capitals, digits and underscores.</summary>
    public static string Word(RedisServerException error)
    {
        var text = Text(error);
        var word = text.IndexOf(' ', StringComparison.Ordinal) is >= 0 and var end ? text[..end] : text;
        return
            word.Length is > 0 and <= MaximumWord
            && word.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_')
            ? word
            : "none";
    }

    // Characters.
    private const int MaximumWord = 32;

    // StackExchange.Redis writes so before the reply that made it give a connection up.
    private const string SimpleError = "SimpleError: ";

    private static string Text(RedisServerException error) =>
        error.Message.StartsWith(SimpleError, StringComparison.Ordinal)
            ? error.Message[SimpleError.Length..]
            : error.Message;

    // StackExchange.Redis gives every reply that begins with ERR this kind. The name of a key may stand behind the command.
    private static bool IsUnknownCommand(RedisServerException error) =>
        Text(error).StartsWith("ERR unknown command", StringComparison.OrdinalIgnoreCase);

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

    // A reply without a kind was seen as "SimpleError: MISCONF …", 232 times in 43,000 refusals.
    private static bool NamesRefusal(string text) =>
        RefusalWords.Any(words => text.StartsWith(words, StringComparison.Ordinal));

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
        "READONLY ",
        "DENIED ",
        "ERR max number of clients",
        "ERR operation not permitted",
    ];

    // A script meets a command or a key that the user has no right to when it comes to it (these are the words of Redis 7.2; those
    // before it have no word of their own for this).
    private static bool IsMissingRightInScript(RedisServerException error) =>
        error.Kind == RedisErrorKind.NoPermission && error.Message.Contains("in script", StringComparison.Ordinal);

    private static readonly string[] ProxyWords =
    [
        "upstream",
        "backend",
        "timeout",
        "timed out",
        "connection reset",
        "connection close",
        "disconnected",
        "broken pipe",
    ];
}
