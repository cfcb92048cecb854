using FastKv.Load.Scenarios;

namespace FastKv.Load.Running;

/// <summary>What a run measured.</summary>
/// <param name="ElapsedSeconds">From the first arrival to the last answer.</param>
/// <param name="Offered">Requests that the plan demanded; the open model's schedule, or what the workers sent.</param>
/// <param name="ClientCpuPercent">Of one core; all cores busy is 100 times their number.</param>
internal sealed record LoadResult(
    Scenario Scenario,
    LoadPlan Plan,
    DateTimeOffset StartedAt,
    double ElapsedSeconds,
    long Offered,
    long Dropped,
    double ClientCpuPercent,
    IReadOnlyList<OperationTotals> Operations,
    IReadOnlyDictionary<string, long> Failures,
    IReadOnlyList<Sample> Timeline
)
{
    private const double SaturatedBelow = 0.99;
    private readonly OperationTotals all = Sum(Operations);

    public long Ok => all.Ok;

    public long Failed => all.Failed;

    public LatencySummary Latency => all.Latency;

    public LatencySummary Service => all.Service;

    public double OfferedPerSecond => Offered / Math.Min(ElapsedSeconds, Plan.Duration.TotalSeconds);

    /// <summary>Answered well, a second.</summary>
    public double AchievedPerSecond => Ok / ElapsedSeconds;

    public double FailedPercent => Ok + Failed == 0 ? 0 : 100.0 * Failed / (Ok + Failed);

    /// <summary>The run did not do what the plan says, so its numbers are not those of the offered rate.</summary>
    public bool GeneratorSaturated =>
        Plan.Model is LoadModel.Open
        && (Dropped > 0 || (Ok + Failed) / ElapsedSeconds < SaturatedBelow * OfferedPerSecond);

    private static OperationTotals Sum(IReadOnlyList<OperationTotals> operations)
    {
        var sum = new OperationTotals(operations[0].Operation);
        foreach (var operation in operations)
        {
            operation.AddTo(sum);
        }

        return sum;
    }
}
