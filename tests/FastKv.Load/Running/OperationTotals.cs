using FastKv.Load.Scenarios;
using HdrHistogram;

namespace FastKv.Load.Running;

/// <summary>One operation's results so far. Belongs to the one thread that collects.</summary>
internal sealed class OperationTotals(Operation operation)
{
    private readonly LongHistogram latency = LatencyHistogram.Create();
    private readonly LongHistogram service = LatencyHistogram.Create();

    public Operation Operation => operation;

    public long Ok => latency.TotalCount;

    public long Failed { get; private set; }

    public void Add(HistogramBase latencies, HistogramBase serviceTimes, long failures)
    {
        latency.Add(latencies);
        service.Add(serviceTimes);
        Failed += failures;
    }

    public void AddTo(OperationTotals sum) => sum.Add(latency, service, Failed);

    public LatencySummary Latency => LatencySummary.Of(latency);

    public LatencySummary Service => LatencySummary.Of(service);

    public void Clear()
    {
        latency.Reset();
        service.Reset();
        Failed = 0;
    }
}
