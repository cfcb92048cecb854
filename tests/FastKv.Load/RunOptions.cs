using FastKv.Load.Cli;
using FastKv.Load.Reports;
using FastKv.Load.Running;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load;

/// <summary>The options of <c>run</c>, each with its bounds.</summary>
internal sealed record RunOptions(
    string CommandLine,
    IReadOnlyList<string> Scenarios,
    TargetOptions Target,
    bool Http2,
    int Connections,
    LoadModel Model,
    double RatePerSecond,
    double PasswordRatePerSecond,
    int Workers,
    TimeSpan Duration,
    TimeSpan WarmUp,
    TimeSpan Timeout,
    int Accounts,
    int Keys,
    int ValueBytes,
    Thresholds Thresholds,
    string ReportFolder
)
{
    public static RunOptions From(Arguments arguments, string commandLine)
    {
        var http2 = arguments.Flag("--http2");
        var connections = arguments.Whole("--connections", 64, 1, 4096);
        var options = new RunOptions(
            commandLine,
            ScenariosFrom(arguments.Words.Skip(1).ToArray()),
            TargetOptions.From(arguments, http2),
            http2,
            connections,
            ModelFrom(arguments.Text("--model")),
            arguments.Number("--rate", 1000, 0.1, 200_000),
            arguments.Number("--password-rate", 5, 0.1, 10_000),
            arguments.Whole("--workers", connections, 1, 4096),
            arguments.Seconds("--seconds", 30, 0.5, 3600),
            arguments.Seconds("--warm-up-seconds", 5, 0, 600),
            arguments.Seconds("--timeout-seconds", 10, 0.1, 120),
            arguments.Whole("--accounts", 4, 1, 1000),
            arguments.Whole("--keys", 1000, 1, 1_000_000),
            arguments.Whole("--value-bytes", 100, 1, 1 << 20),
            Thresholds.From(arguments),
            arguments.Text("--reports") ?? ReportFiles.DefaultFolder
        );
        arguments.RefuseUnread();
        return options;
    }

    public LoadPlan PlanFor(Scenario scenario) =>
        new(Model, scenario.HashesPasswords ? PasswordRatePerSecond : RatePerSecond, Workers, Duration, Timeout);

    public WorkloadOptions WorkloadFor(string scenario) =>
        new(
            Accounts,
            Keys,
            scenario is ScenarioCatalogue.Mix or ScenarioCatalogue.ConditionalMix
                ? WorkloadOptions.MixSizes
                : [ValueBytes]
        );

    private static IReadOnlyList<string> ScenariosFrom(string[] words)
    {
        if (words is ["all"])
        {
            return ScenarioCatalogue.Names;
        }

        var unknown = words.Except(ScenarioCatalogue.Names).ToArray();
        return words.Length > 0 && unknown.Length == 0
            ? words
            : throw new UsageException($"Name scenarios to run: all, {string.Join(", ", ScenarioCatalogue.Names)}.");
    }

    private static LoadModel ModelFrom(string? text) =>
        text switch
        {
            null or "open" => LoadModel.Open,
            "closed" => LoadModel.Closed,
            _ => throw new UsageException("--model is open or closed."),
        };
}
