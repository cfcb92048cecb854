using System.Diagnostics;
using System.Threading.Channels;

namespace FastKv.Load.Running;

/// <summary>
/// A fixed schedule on a thread of its own: arrival n is meant for start + n / rate, whatever the target does. Arrivals
/// wait in a bounded queue with their intended start, so a slow answer shows in the latency of all that wait behind it
/// (no coordinated omission: Gil Tene, "How NOT to Measure Latency").
/// </summary>
internal sealed class OpenArrivals(double ratePerSecond, TimeSpan duration, int queueCapacity) : IArrivals
{
    private readonly Channel<long> queue = Channel.CreateBounded<long>(
        new BoundedChannelOptions(queueCapacity) { SingleWriter = true }
    );
    private readonly double ticksPerArrival = Stopwatch.Frequency / ratePerSecond;
    private readonly long total = (long)Math.Ceiling(ratePerSecond * duration.TotalSeconds);
    private long offered;
    private long dropped;

    public long Offered => Interlocked.Read(ref offered);

    public long Dropped => Interlocked.Read(ref dropped);

    public void Start(CancellationToken stop) =>
        new Thread(() => Schedule(stop)) { IsBackground = true, Name = "arrivals" }.Start();

    public async ValueTask<long?> NextAsync(CancellationToken cancellation)
    {
        long intendedStart;
        while (!queue.Reader.TryRead(out intendedStart))
        {
            if (!await queue.Reader.WaitToReadAsync(cancellation))
            {
                return null;
            }
        }

        return intendedStart;
    }

    public void Abandon()
    {
        while (queue.Reader.TryRead(out _))
        {
            Interlocked.Increment(ref dropped);
        }
    }

    private void Schedule(CancellationToken stop)
    {
        var start = Stopwatch.GetTimestamp();
        for (long index = 0; index < total && !stop.IsCancellationRequested; index++)
        {
            var intendedStart = start + (long)(index * ticksPerArrival);
            ShortSleep.Until(intendedStart);
            Interlocked.Increment(ref offered);
            if (!queue.Writer.TryWrite(intendedStart))
            {
                Interlocked.Increment(ref dropped);
            }
        }

        queue.Writer.Complete();
    }
}
