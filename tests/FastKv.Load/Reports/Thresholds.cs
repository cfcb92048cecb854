using System.Globalization;
using FastKv.Load.Cli;
using FastKv.Load.Running;
using FastKv.Load.Scenarios;

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
    /// <summary>What single scenarios must meet instead, by their names.</summary>
    public IReadOnlyDictionary<string, Thresholds> Own { get; init; } = new Dictionary<string, Thresholds>();

    public static Thresholds From(Arguments arguments)
    {
        // A request that failed makes a run a failure, unless it was said how many may.
        var all = new Thresholds(
            arguments.OptionalNumber("--max-p50-ms"),
            arguments.OptionalNumber("--max-p99-ms"),
            arguments.OptionalNumber("--max-p999-ms"),
            arguments.OptionalNumber("--max-failed-percent") ?? 0,
            arguments.OptionalNumber("--max-dropped"),
            arguments.OptionalNumber("--min-rate")
        );
        var own = new Dictionary<string, Thresholds>();
        foreach (var demand in arguments.Text("--thresholds")?.Split(',', StringSplitOptions.TrimEntries) ?? [])
        {
            var (scenario, name, limit) = Parse(demand);
            own[scenario] = own.GetValueOrDefault(scenario, all).With(name, limit);
        }

        return all with
        {
            Own = own,
        };
    }

    public IReadOnlyList<ThresholdResult> Judge(LoadResult result) =>
        Own.GetValueOrDefault(result.Scenario.Name, this).JudgeAlone(result);

    private IReadOnlyList<ThresholdResult> JudgeAlone(LoadResult result)
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

    /// <summary>Reads <c>retrieve:p99=20</c>.</summary>
    private static (string Scenario, string Name, double Limit) Parse(string demand)
    {
        var parts = demand.Split(':', '=');
        return
            parts is [var scenario, var name, var text]
            && ScenarioCatalogue.Names.Contains(scenario)
            && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var limit)
            ? (scenario, name, limit)
            : throw Unreadable(demand);
    }

    private Thresholds With(string name, double limit) =>
        name switch
        {
            "p50" => this with { MaxP50Milliseconds = limit },
            "p99" => this with { MaxP99Milliseconds = limit },
            "p999" => this with { MaxP999Milliseconds = limit },
            "failed" => this with { MaxFailedPercent = limit },
            "dropped" => this with { MaxDropped = limit },
            "rate" => this with { MinPerSecond = limit },
            _ => throw Unreadable(name),
        };

    private static UsageException Unreadable(string what) =>
        new(
            $"--thresholds is a list like retrieve:p99=20,token:p99=500 of scenarios with p50, p99, p999 (ms), failed (%), dropped or rate; this is none: {what}."
        );

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
