using FastKv.Load.Cli;
using FastKv.Load.Reports;
using FastKv.Load.Scenarios;

namespace FastKv.Load.Bench;

/// <summary>What all benches share, with bounds. A bench starts every server itself: it must read their CPU time.</summary>
internal sealed record BenchOptions(
    string CommandLine,
    string? Published,
    string? Beside,
    bool Pin,
    TimeSpan Round,
    int Rounds,
    TimeSpan WarmUp,
    string ReportFolder
)
{
    public static BenchOptions From(Arguments arguments, string commandLine) =>
        new(
            commandLine,
            arguments.Text("--published"),
            arguments.Text("--beside"),
            !arguments.Flag("--no-pin"),
            arguments.Seconds("--seconds", 8, 1, 300),
            arguments.Whole("--rounds", 5, 1, 50),
            arguments.Seconds("--warm-up-seconds", 15, 1, 300),
            arguments.Text("--reports") ?? ReportFiles.DefaultFolder
        );
}

/// <summary>One thing to compare: an operation, how it is driven, and what is stored.</summary>
internal sealed record BenchCase(
    Operation Operation,
    bool Http2,
    int Connections,
    int Streams,
    int ValueBytes,
    int StoredKeys
)
{
    public string Protocol => Http2 ? "HTTP/2" : "HTTP/1.1";

    public string Load => Streams == 1 ? $"{Connections}" : $"{Connections} × {Streams}";
}
