using FastKv.Load.Scenarios;

namespace FastKv.Load.Running;

/// <summary>Gathers from the workers, each second and at the end. Used by one thread at a time.</summary>
internal sealed class Collector(Scenario scenario, IReadOnlyList<WorkerRecorder> recorders, IArrivals arrivals)
{
    private readonly OperationTotals[] totals = [.. scenario.Operations.Select(name => new OperationTotals(name))];
    private readonly OperationTotals interval = new(scenario.Operations[0]);
    private readonly List<Sample> samples = [];
    private double lastAt;
    private long lastOffered;
    private long lastDropped;

    public IReadOnlyList<OperationTotals> Totals => totals;

    public IReadOnlyList<Sample> Samples => samples;

    public Sample Collect(double atSeconds)
    {
        interval.Clear();
        foreach (var total in totals)
        {
            var fresh = new OperationTotals(total.Operation);
            foreach (var recorder in recorders)
            {
                recorder.CollectInto(fresh);
            }

            fresh.AddTo(total);
            fresh.AddTo(interval);
        }

        var (offered, dropped, latency) = (arrivals.Offered, arrivals.Dropped, interval.Latency);
        var sample = new Sample(
            atSeconds,
            Math.Max(atSeconds - lastAt, 0.001),
            offered - lastOffered,
            interval.Ok,
            interval.Failed,
            dropped - lastDropped,
            latency.P50Milliseconds,
            latency.P99Milliseconds,
            latency.MaxMilliseconds
        );
        (lastAt, lastOffered, lastDropped) = (atSeconds, offered, dropped);
        samples.Add(sample);
        return sample;
    }
}
