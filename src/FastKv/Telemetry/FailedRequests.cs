namespace FastKv.Telemetry;

/// <summary>
/// Requests that failed in one way, told so that an outage does not fill the log: the first at once, then one line a minute with
/// their number. Thread-safe.
/// </summary>
internal sealed class FailedRequests(TimeProvider time)
{
    /// <summary>The least time between two lines.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private long total;
    private int untold;
    private string? example;
    private long? lastLine;
    private volatile string lastReason = "";

    /// <summary>All since the start.</summary>
    public long Total => Interlocked.Read(ref total);

    /// <summary>Why the last one failed, in a word.</summary>
    public string LastReason => lastReason;

    /// <summary>Counts one.</summary>
    /// <param name="traceId">Under which the log may show it.</param>
    /// <param name="reason">In a word, without keys or values.</param>
    /// <returns>Whether it is the first for a while and is to be logged by itself; else it is part of the next line.</returns>
    public bool Add(string traceId, string reason)
    {
        lastReason = reason;
        Interlocked.Increment(ref total);
        lock (gate)
        {
            if (untold == 0 && IsDue)
            {
                lastLine = time.GetTimestamp();
                return true;
            }

            untold++;
            example = traceId;
            return false;
        }
    }

    /// <summary>Those of which no line has told, if it is time for one.</summary>
    public bool TryTakeDue(out int count, out string traceId)
    {
        lock (gate)
        {
            (count, traceId) = IsDue ? TakeUntold() : (0, "");
            return count > 0;
        }
    }

    /// <summary>Those of which no line has told, for a line that is written now; the trace is empty if there are none.</summary>
    public (int Count, string TraceId) Take()
    {
        lock (gate)
        {
            return TakeUntold();
        }
    }

    private bool IsDue => lastLine is not { } last || time.GetElapsedTime(last) >= Interval;

    private (int Count, string TraceId) TakeUntold()
    {
        var taken = (untold, example ?? "");
        (untold, example) = (0, null);
        if (taken.untold > 0)
        {
            lastLine = time.GetTimestamp();
        }

        return taken;
    }
}

/// <summary>The requests that the store failed.</summary>
internal sealed class StoreFailures(TimeProvider time)
{
    /// <summary>Those answered STORE_UNAVAILABLE because of the store.</summary>
    public FailedRequests Refused { get; } = new(time);

    /// <summary>Those answered OUTCOME_UNKNOWN.</summary>
    public FailedRequests OutcomeUnknown { get; } = new(time);
}
