using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Tells the operator of error replies that are no passing state of a server: nothing else would say that a limit of a hosted
/// Redis is reached, or that a command is missing there. Each word with each command once a minute, and never the text.
/// </summary>
internal sealed partial class UnknownErrorLog(TimeProvider time, ILogger<UnknownErrorLog> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Words and commands that are told apart; a server that invents words can't fill the memory.</summary>
    private const int MaximumEntries = 64;

    private readonly Lock gate = new();
    private readonly Dictionary<(string Command, string Word), (long Logged, int Since)> entries = [];

    /// <summary>To be told of every failure of a command.</summary>
    /// <param name="command">The command's name.</param>
    public void Observe(string command, Exception fault)
    {
        if (fault is RedisServerException error && !ErrorReply.IsRefusal(error))
        {
            Count(command, ErrorReply.Word(error));
        }
    }

    private void Count(string command, string word)
    {
        lock (gate)
        {
            if (entries.Count == MaximumEntries && !entries.ContainsKey((command, word)))
            {
                return;
            }

            var now = time.GetTimestamp();
            if (
                entries.TryGetValue((command, word), out var entry)
                && time.GetElapsedTime(entry.Logged, now) < Interval
            )
            {
                entries[(command, word)] = entry with { Since = entry.Since + 1 };
                return;
            }

            entries[(command, word)] = (now, 0);
            LogUnknown(command, word, entry.Since + 1);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Redis answered {Command} with an error that is no passing state of a server; its first word is {Word}, and it came {Count} times. Look at the whole text with redis-cli, for it can hold keys and is not written here: a limit of a hosted Redis, a command that it does not have, a key of another type under FastKv__Redis__KeyPrefix."
    )]
    private partial void LogUnknown(string command, string word, int count);
}
