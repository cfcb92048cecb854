using FastKv.Load.Scenarios;
using HdrHistogram;

namespace FastKv.Load.Running;

/// <summary>
/// What one worker measured: for each operation a histogram of latency (from the intended start) and one of service time
/// (from the send), of the requests that succeeded; failures are counted. Each worker has its own, so that recording
/// never contends; a reader collects them every second.
/// </summary>
internal sealed class WorkerRecorder
{
    private readonly Slot?[] slots = new Slot?[OperationNames.Count];

    public WorkerRecorder(IEnumerable<Operation> operations)
    {
        foreach (var operation in operations)
        {
            slots[(int)operation] = new Slot();
        }
    }

    public void Ok(Operation operation, long latencyMicroseconds, long serviceMicroseconds)
    {
        var slot = slots[(int)operation]!;
        slot.Latency.RecordValue(Math.Clamp(latencyMicroseconds, 1, LatencyHistogram.MostMicroseconds));
        slot.Service.RecordValue(Math.Clamp(serviceMicroseconds, 1, LatencyHistogram.MostMicroseconds));
    }

    public void Failed(Operation operation) => Interlocked.Increment(ref slots[(int)operation]!.Failed);

    /// <summary>Adds what has come since the last call.</summary>
    public void CollectInto(OperationTotals totals)
    {
        if (slots[(int)totals.Operation] is not { } slot)
        {
            return;
        }

        slot.SpareLatency = slot.Latency.GetIntervalHistogram(slot.SpareLatency);
        slot.SpareService = slot.Service.GetIntervalHistogram(slot.SpareService);
        totals.Add(slot.SpareLatency, slot.SpareService, Interlocked.Exchange(ref slot.Failed, 0));
    }

    private sealed class Slot
    {
        public readonly Recorder Latency = LatencyHistogram.CreateRecorder();
        public readonly Recorder Service = LatencyHistogram.CreateRecorder();
        public HistogramBase? SpareLatency;
        public HistogramBase? SpareService;
        public long Failed;
    }
}
