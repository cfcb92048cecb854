using System.Globalization;
using FastKv.Load.Cli;
using FastKv.Load.Reports;
using FastKv.Load.Running;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// <c>bench memory</c>: resident memory of the service idle, under retrieves, minute by minute under the mix, and idle
/// again; then under <see cref="LargeValuePressure"/>, with the heap of a container of 1 GiB.
/// </summary>
internal sealed record MemoryBench(
    BenchOptions Options,
    int Minutes,
    double RatePerSecond,
    TimeSpan Pressure,
    IReadOnlyList<bool> Protocols
)
{
    private const int Workers = 64;
    private const double MiB = 1024 * 1024;

    /// <summary>Three quarters of 1 GiB, as the runtime takes for its heap in a container.</summary>
    private const long HeapLimitBytes = 0x30000000;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SettleAfterPressure = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private static readonly BenchCase Retrieve = new(Operation.Retrieve, false, Workers, 1, 100, 1000);

    public static MemoryBench From(Arguments arguments, BenchOptions options) =>
        new(
            options,
            arguments.Whole("--minutes", 10, 0, 240),
            arguments.Number("--rate", 2000, 1, 100_000),
            arguments.Seconds("--pressure-seconds", 60, 1, 3600),
            CompareBench.ProtocolsFrom(arguments.Text("--protocols"))
        );

    public async Task<BenchReport> RunAsync(CancellationToken cancellation)
    {
        await using var workbench = await Workbench.OpenAsync(Options, cancellation);
        var tables = new List<BenchTable>();
        if (Minutes > 0)
        {
            tables.Add(await GrowthAsync(workbench, cancellation));
        }

        tables.Add(await PressureAsync(workbench, cancellation));
        return new BenchReport(
            "memory",
            DateTimeOffset.UtcNow,
            Options.CommandLine,
            MachineReport.Here(),
            workbench.Pinning.Description,
            tables,
            []
        );
    }

    private async Task<BenchTable> GrowthAsync(Workbench workbench, CancellationToken cancellation)
    {
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
            var result = await new LoadRunner(mix, client, load).RunToEndAsync(cancellation);
            Add(
                FormattableString.Invariant(
                    $"mix, minute {minute}: {result.AchievedPerSecond:0} requests/s, {result.Failed} failed, {result.Dropped} dropped"
                )
            );
        }

        await Task.Delay(Settle, cancellation);
        Add("idle afterwards");
        return new BenchTable("Resident memory of the service", ["when", "MiB"], rows);

        void Add(string when)
        {
            var mebibytes = service.Process.ResidentBytes / MiB;
            rows.Add([when, mebibytes.ToString("0", CultureInfo.InvariantCulture)]);
            Console.Error.WriteLine($"{when}: {rows[^1][1]} MiB");
        }
    }

    private async Task<BenchTable> PressureAsync(Workbench workbench, CancellationToken cancellation)
    {
        var rows = new List<IReadOnlyList<string>>();
        foreach (var overHttp2 in Protocols)
        {
            var settings = workbench.Settings with { HeapLimitBytes = HeapLimitBytes };
            await using var service = await workbench.StartServiceAsync(settings, cancellation);
            using var client = HttpClients.Create(service.Http1, http2: false, 1, Timeout);
            var pressure = new LargeValuePressure(
                service.Http1,
                overHttp2 ? service.Http2 : null,
                await AccountMaker.MakeAsync(client, $"large-{Guid.NewGuid():N}"[..32], cancellation),
                await AccountMaker.MakeAsync(client, $"small-{Guid.NewGuid():N}"[..32], cancellation)
            )
            {
                Cores = workbench.Pinning.LoadCores,
            };
            var before = service.Process.ResidentBytes;
            var result = await pressure.RunAsync(Quiet, Pressure, cancellation);
            var most = service.Process.MostResidentBytes;
            await Task.Delay(SettleAfterPressure, cancellation);
            rows.Add([
                .. result.Cells(overHttp2),
                MebibytesOf(before),
                MebibytesOf(most),
                MebibytesOf(service.Process.ResidentBytes),
            ]);
            await Console.Error.WriteLineAsync(string.Join("; ", rows[^1]));
        }

        return new BenchTable(
            "Large values from all sides, with the heap of a container of 1 GiB",
            [.. PressureResult.Columns, "resident before, MiB", "at most, MiB", "15 s later, MiB"],
            rows
        );

        static string MebibytesOf(long bytes) => (bytes / MiB).ToString("0.#", CultureInfo.InvariantCulture);
    }
}
