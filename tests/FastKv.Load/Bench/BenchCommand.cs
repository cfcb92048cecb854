using FastKv.Load.Cli;
using FastKv.Load.Reports;

namespace FastKv.Load.Bench;

/// <summary><c>bench</c>: picks the bench, then prints its tables and saves its numbers.</summary>
internal static class BenchCommand
{
    public static async Task<int> RunAsync(Arguments arguments, string commandLine, CancellationToken cancellation)
    {
        var options = BenchOptions.From(arguments, commandLine);
        var run = Choose(arguments, options);
        arguments.RefuseUnread();
        var report = await run(cancellation);
        Console.WriteLine(report.Markdown());
        var path = ReportFiles.Write(
            options.ReportFolder,
            $"bench-{report.Bench}",
            report.CreatedAt,
            "json",
            JsonReport.Write(report)
        );
        await Console.Error.WriteLineAsync($"Numbers: {path}");
        return ExitCode.Fine;
    }

    private static Func<CancellationToken, Task<BenchReport>> Choose(Arguments arguments, BenchOptions options) =>
        arguments.Words.Skip(1).ToArray() switch
        {
            [] => CompareBench.From(arguments, options).RunAsync,
            ["flat"] => new FlatBench(options).RunAsync,
            ["list"] => new ListBench(options).RunAsync,
            ["cold"] => new ColdBench(options).RunAsync,
            ["memory"] => MemoryBench.From(arguments, options).RunAsync,
            ["pressure"] => PressureBench.From(arguments, options).RunAsync,
            ["deletion"] => new DeletionBench(options).RunAsync,
            ["login-flood"] => LoginFloodBench.From(arguments, options).RunAsync,
            _ => throw new UsageException(
                "The benches are: bench, bench flat, bench list, bench cold, bench memory, bench pressure, bench deletion, bench login-flood."
            ),
        };
}
