using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using FastKv.Load.Running;
using FastKv.Load.Scenarios;

namespace FastKv.Load.Reports;

/// <summary>Everything that one call of <c>run</c> found out: the JSON report as it is, the HTML report's source.</summary>
internal sealed record RunReport(
    DateTimeOffset CreatedAt,
    string CommandLine,
    string Target,
    string HttpVersion,
    MachineReport Machine,
    IReadOnlyList<ScenarioReport> Scenarios,
    bool IsInterrupted = false
)
{
    public bool ThresholdsMet => Scenarios.All(scenario => scenario.ThresholdsMet);
}

internal sealed record MachineReport(string System, string Runtime, int Cores)
{
    public static MachineReport Here() =>
        new(RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription, Environment.ProcessorCount);
}

internal sealed record ScenarioReport(
    string Scenario,
    string Model,
    double DurationSeconds,
    double ElapsedSeconds,
    int Workers,
    double OfferedPerSecond,
    double AchievedPerSecond,
    long Offered,
    long Ok,
    long Failed,
    long Dropped,
    bool GeneratorSaturated,
    double ClientCpuPercent,
    LatencySummary Latency,
    LatencySummary ServiceTime,
    IReadOnlyList<OperationReport> Operations,
    IReadOnlyDictionary<string, long> Failures,
    IReadOnlyList<ThresholdResult> Thresholds,
    IReadOnlyList<Sample> Timeline
)
{
    [JsonIgnore]
    public bool ThresholdsMet => Thresholds.All(threshold => threshold.Met);

    public static ScenarioReport Of(LoadResult result, IReadOnlyList<ThresholdResult> thresholds) =>
        new(
            result.Scenario.Name,
            result.Plan.Model.ToString().ToLowerInvariant(),
            result.Plan.Duration.TotalSeconds,
            result.ElapsedSeconds,
            result.Plan.Workers,
            result.OfferedPerSecond,
            result.AchievedPerSecond,
            result.Offered,
            result.Ok,
            result.Failed,
            result.Dropped,
            result.GeneratorSaturated,
            result.ClientCpuPercent,
            result.Latency,
            result.Service,
            [.. result.Operations.Select(OperationReport.Of)],
            result.Failures,
            thresholds,
            result.Timeline
        );

    /// <summary>The sentence for a run that did less than it was told to; null when it kept up.</summary>
    public string? SaturationMessage =>
        GeneratorSaturated
            ? FormattableString.Invariant(
                $"generator saturated: {OfferedPerSecond:0} requests/s offered, {AchievedPerSecond:0} achieved, {Dropped} dropped, client CPU {ClientCpuPercent:0} % of a core. The target or this machine did not keep up: read the latencies as those of an overload."
            )
            : null;
}

internal sealed record OperationReport(
    string Operation,
    long Ok,
    long Failed,
    LatencySummary Latency,
    LatencySummary ServiceTime
)
{
    public static OperationReport Of(OperationTotals totals) =>
        new(totals.Operation.Name(), totals.Ok, totals.Failed, totals.Latency, totals.Service);
}
