using System.Globalization;
using FastKv.Load.Cli;
using FastKv.Load.Reports;
using FastKv.Load.Running;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// <c>bench memory</c>: resident memory of the service idle, under retrieves, minute by minute under the mix, and idle
/// again.
/// </summary>
internal sealed record MemoryBench(BenchOptions Options, int Minutes, double RatePerSecond)
{
    private const int Workers = 64;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private static readonly BenchCase Retrieve = new(Operation.Retrieve, false, Workers, 1, 100, 1000);

    public static MemoryBench From(Arguments arguments, BenchOptions options) =>
        new(options, arguments.Whole("--minutes", 10, 1, 240), arguments.Number("--rate", 2000, 1, 100_000));

    public async Task<BenchReport> RunAsync(CancellationToken cancellation)
    {
        await using var workbench = await Workbench.OpenAsync(Options, cancellation);
        await using var service = await workbench.StartServiceAsync(workbench.Settings, cancellation);
        var rows = new List<IReadOnlyList<string>>();
        await Task.Delay(Settle, cancellation);
        Add("idle after start");

        await workbench.SignInAsync(service, cancellation);
        await workbench.StoreAsync(Retrieve.StoredKeys, Retrieve.ValueBytes, cancellation);
        var plan = workbench.Plan(Retrieve, "");
        var order = new DriveOrder(service.Http1, plan, Workers, 1, Options.WarmUp);
        await workbench.Drivers.For(plan, http2: false).DriveAsync(order, cancellation);
        Add($"after {order.Seconds} s of retrieves, as fast as they go");

        using var client = HttpClients.Create(service.Http1, http2: false, Workers, Timeout);
        var workload = await Workload.PrepareAsync(
            client,
            new WorkloadOptions(Accounts: 4, Keys: 1000, WorkloadOptions.MixSizes),
            cancellation
        );
        var mix = ScenarioCatalogue.Create(ScenarioCatalogue.Mix, workload);
        for (var minute = 1; minute <= Minutes; minute++)
        {
            var load = new LoadPlan(LoadModel.Open, RatePerSecond, Workers, TimeSpan.FromMinutes(1), Timeout);
            var result = await new LoadRunner(mix, client, load).RunAsync(_ => { }, cancellation);
            Add(
                FormattableString.Invariant(
                    $"mix, minute {minute}: {result.AchievedPerSecond:0} requests/s, {result.Failed} failed, {result.Dropped} dropped"
                )
            );
        }

        await Task.Delay(Settle, cancellation);
        Add("idle afterwards");
        return new BenchReport(
            "memory",
            DateTimeOffset.UtcNow,
            Options.CommandLine,
            MachineReport.Here(),
            workbench.Pinning.Description,
            [new BenchTable("Resident memory of the service", ["when", "MiB"], rows)],
            []
        );

        void Add(string when)
        {
            var mebibytes = service.Process.ResidentBytes / 1048576.0;
            rows.Add([when, mebibytes.ToString("0", CultureInfo.InvariantCulture)]);
            Console.Error.WriteLine($"{when}: {rows[^1][1]} MiB");
        }
    }
}
