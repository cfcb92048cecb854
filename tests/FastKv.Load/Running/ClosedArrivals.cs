using System.Diagnostics;

namespace FastKv.Load.Running;

/// <summary>Every worker may start as soon as it is free, until the time is over.</summary>
internal sealed class ClosedArrivals(TimeSpan duration) : IArrivals
{
    private long end;
    private long offered;

    public long Offered => Interlocked.Read(ref offered);

    public long Dropped => 0;

    public void Start(CancellationToken stop) =>
        end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);

    public ValueTask<long?> NextAsync(CancellationToken cancellation)
    {
        var now = Stopwatch.GetTimestamp();
        if (now >= end || cancellation.IsCancellationRequested)
        {
            return ValueTask.FromResult<long?>(null);
        }

        Interlocked.Increment(ref offered);
        return ValueTask.FromResult<long?>(now);
    }

    public void Abandon() { }
}
