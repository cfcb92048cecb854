using FastKv.Load.Running;
using FastKv.Load.Scenarios;

namespace FastKv.Tests.Load;

/// <summary>Results as a run would give them: 100 requests that took equally long, in two seconds.</summary>
internal static class MadeUpRun
{
    public static LoadResult Result(double milliseconds, int failed = 0, int dropped = 0) =>
        Build(100, milliseconds, failed, dropped);

    public static LoadResult Nothing() => Build(0, 0, failed: 10, dropped: 0);

    private static LoadResult Build(int ok, double milliseconds, int failed, int dropped)
    {
        var histogram = LatencyHistogram.Create();
        if (ok > 0)
        {
            histogram.RecordValueWithCount((long)(milliseconds * 1000), ok);
        }

        var totals = new OperationTotals(Operation.Retrieve);
        totals.Add(histogram, histogram, failed);
        return new LoadResult(
            new Scenario("retrieve", [Operation.Retrieve], (_, _) => throw new NotSupportedException()),
            new LoadPlan(LoadModel.Open, 50, 8, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10)),
            DateTimeOffset.UnixEpoch,
            ElapsedSeconds: 2,
            Offered: ok + failed + dropped,
            dropped,
            ClientCpuPercent: 12,
            [totals],
            failed > 0 ? new Dictionary<string, long> { ["HTTP 503"] = failed } : [],
            [
                new Sample(1, 1, 50, 50, 0, 0, milliseconds, milliseconds, milliseconds),
                new Sample(2, 1, 50, 50, failed, dropped, milliseconds, milliseconds, milliseconds),
            ]
        );
    }
}
