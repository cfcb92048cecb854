using System.Globalization;
using FastKv.Load.Cli;
using FastKv.Load.Running;

namespace FastKv.Load.Reports;

/// <summary>What a run must meet; null is no demand. One that is broken makes the exit code 1.</summary>
internal sealed record Thresholds(
    double? MaxP50Milliseconds,
    double? MaxP99Milliseconds,
    double? MaxP999Milliseconds,
    double? MaxFailedPercent,
    double? MaxDropped,
    double? MinPerSecond
)
{
    public static Thresholds From(Arguments arguments) =>
        new(
            arguments.OptionalNumber("--max-p50-ms"),
            arguments.OptionalNumber("--max-p99-ms"),
            arguments.OptionalNumber("--max-p999-ms"),
            arguments.OptionalNumber("--max-failed-percent"),
            arguments.OptionalNumber("--max-dropped"),
            arguments.OptionalNumber("--min-rate")
        );

    public IReadOnlyList<ThresholdResult> Judge(LoadResult result)
    {
        var latency = result.Latency;
        return
        [
            .. AtMost("p50 latency", "ms", MaxP50Milliseconds, latency.P50Milliseconds),
            .. AtMost("p99 latency", "ms", MaxP99Milliseconds, latency.P99Milliseconds),
            .. AtMost("p99.9 latency", "ms", MaxP999Milliseconds, latency.P999Milliseconds),
            .. AtMost("failed", "%", MaxFailedPercent, result.FailedPercent),
            .. AtMost("dropped", "requests", MaxDropped, result.Dropped),
            .. AtLeast("achieved", "requests/s", MinPerSecond, result.AchievedPerSecond),
            .. Answered(result),
        ];
    }

    /// <summary>Percentiles of nothing are zero, which would meet every limit: a run without success is always broken.</summary>
    private static IEnumerable<ThresholdResult> Answered(LoadResult result) =>
        result.Ok > 0 ? [] : [new ThresholdResult("succeeded >= 1 request", "0", Met: false)];

    private static IEnumerable<ThresholdResult> AtMost(string what, string unit, double? limit, double measured) =>
        limit is { } most ? [Result($"{what} <= {Plain(most)} {unit}", measured, unit, measured <= most)] : [];

    private static IEnumerable<ThresholdResult> AtLeast(string what, string unit, double? limit, double measured) =>
        limit is { } least ? [Result($"{what} >= {Plain(least)} {unit}", measured, unit, measured >= least)] : [];

    private static ThresholdResult Result(string demand, double measured, string unit, bool met) =>
        new(demand, $"{Plain(measured)} {unit}", met);

    private static string Plain(double number) => number.ToString("0.###", CultureInfo.InvariantCulture);
}
