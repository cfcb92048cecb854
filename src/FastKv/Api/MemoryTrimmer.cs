using System.Runtime;

namespace FastKv.Api;

/// <summary>
/// Gives memory back to the system after large values were under way: the garbage collector runs only while something is
/// allocated, so that what a burst of them took would stay resident for as long as the service is idle or its requests are small.
/// </summary>
internal sealed class MemoryTrimmer(RequestMemory memory, TimeProvider time) : BackgroundService
{
    /// <summary>Bytes that must have been reserved: fewer are not worth a collection.</summary>
    private const long WorthwhileBytes = 16 * 1024 * 1024;

    /// <summary>Nothing large was under way for this long: the burst is over.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Rest, time);
        var isDue = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var most = memory.Bodies.TakeMost() + memory.Values.TakeMost();
            if (most > 0)
            {
                isDue |= most >= WorthwhileBytes;
                continue;
            }

            if (isDue)
            {
                isDue = false;
                GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }
        }
    }
}
