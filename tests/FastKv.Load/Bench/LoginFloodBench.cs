using System.Globalization;
using FastKv.Load.Cli;
using FastKv.Load.Reports;
using FastKv.Load.Running;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// <c>bench login-flood</c>: the latency of retrieves at a fixed rate, alone and while far more sign-ins arrive than the
/// service can hash. In turn, so that both meet the same machine.
/// </summary>
internal sealed record LoginFloodBench(BenchOptions Options, double RatePerSecond, double FloodPerSecond)
{
    private const int Workers = 64;
    private const int FloodWorkers = 256;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public static LoginFloodBench From(Arguments arguments, BenchOptions options) =>
        new(options, arguments.Number("--rate", 500, 1, 50_000), arguments.Number("--flood-rate", 100, 1, 10_000));

    public async Task<BenchReport> RunAsync(CancellationToken cancellation)
    {
        await using var workbench = await Workbench.OpenAsync(Options, cancellation);
        await using var service = await workbench.StartServiceAsync(workbench.Settings, cancellation);
        using var client = HttpClients.Create(service.Http1, http2: false, Workers, Timeout);
        using var floodClient = HttpClients.Create(service.Http1, http2: false, FloodWorkers, Timeout);
        var workload = await Workload.PrepareAsync(client, new WorkloadOptions(4, 1000, [100]), cancellation);
        var retrieve = ScenarioCatalogue.Create("retrieve", workload);
        var token = ScenarioCatalogue.Create("token", workload);

        await RetrieveAsync(Options.WarmUp);
        var rows = new List<IReadOnlyList<string>>();
        for (var round = 1; round <= Options.Rounds; round++)
        {
            rows.Add(Row($"{round}: alone", await RetrieveAsync(Options.Round), null));
            var flood = FloodAsync(Options.Round);
            rows.Add(Row($"{round}: with the flood", await RetrieveAsync(Options.Round), await flood));
        }

        return new BenchReport(
            "login-flood",
            DateTimeOffset.UtcNow,
            Options.CommandLine,
            MachineReport.Here(),
            workbench.Pinning.Description,
            [Table(rows)],
            []
        );

        Task<LoadResult> RetrieveAsync(TimeSpan duration) =>
            new LoadRunner(
                retrieve,
                client,
                new LoadPlan(LoadModel.Open, RatePerSecond, Workers, duration, Timeout)
            ).RunToEndAsync(cancellation);

        Task<LoadResult> FloodAsync(TimeSpan duration) =>
            new LoadRunner(
                token,
                floodClient,
                new LoadPlan(LoadModel.Open, FloodPerSecond, FloodWorkers, duration, Timeout)
            ).RunToEndAsync(cancellation);
    }

    private BenchTable Table(List<IReadOnlyList<string>> rows) =>
        new(
            FormattableString.Invariant(
                $"Retrieves at {RatePerSecond:0}/s, alone and with {FloodPerSecond:0} sign-ins a second; latency from the intended start"
            ),
            ["round", "p50, ms", "p99, ms", "p99.9, ms", "max, ms", "failed", "sign-ins ok", "sign-ins refused"],
            rows
        );

    private static string[] Row(string name, LoadResult retrieves, LoadResult? flood)
    {
        var latency = retrieves.Latency;
        string[] row =
        [
            name,
            Text(latency.P50Milliseconds),
            Text(latency.P99Milliseconds),
            Text(latency.P999Milliseconds),
            Text(latency.MaxMilliseconds),
            $"{retrieves.Failed + retrieves.Dropped}",
            $"{flood?.Ok ?? 0}",
            $"{flood?.Failed ?? 0}",
        ];
        Console.Error.WriteLine(string.Join("  ", row));
        return row;
    }

    private static string Text(double milliseconds) => milliseconds.ToString("0.00", CultureInfo.InvariantCulture);
}
