using System.Globalization;
using FastKv.Load.Reports;
using FastKv.Load.Scenarios;

namespace FastKv.Load.Bench;

/// <summary>
/// <c>bench flat</c>: whether a retrieve costs the same with a thousand and a million stored keys, on 1 and 256
/// connections, and what a byte of a large value costs beside the bare server's byte. A million large values would not
/// fit into memory, so those are measured with a thousand keys.
/// </summary>
internal sealed record FlatBench(BenchOptions Options)
{
    private const int Few = 1_000;
    private const int Many = 1_000_000;
    private const int Small = 100;
    private const int Large = 100 * 1024;
    private static readonly int[] Connections = [1, 256];

    public async Task<BenchReport> RunAsync(CancellationToken cancellation)
    {
        await using var workbench = await Workbench.OpenAsync(Options, cancellation);
        await using var service = await workbench.StartServiceAsync(workbench.Settings, cancellation);
        await workbench.SignInAsync(service, cancellation);
        var comparison = new Comparison(workbench, [new Contender(Contender.FastKv, service)], Options);
        foreach (var (keys, valueBytes) in ((int, int)[])[(Few, Small), (Many, Small), (Few, Large)])
        {
            foreach (var connections in Connections)
            {
                var bench = new BenchCase(Operation.Retrieve, false, connections, 1, valueBytes, keys);
                await comparison.MeasureAsync(bench, cancellation);
            }
        }

        return new BenchReport(
            "flat",
            DateTimeOffset.UtcNow,
            Options.CommandLine,
            MachineReport.Here(),
            workbench.Pinning.Description,
            [ComparisonTable.Of(comparison.Measurements, showData: true), PerByte(comparison.Measurements)],
            comparison.Measurements
        );
    }

    private static BenchTable PerByte(IReadOnlyList<Measurement> measurements)
    {
        var rows = Connections.Select(connections =>
        {
            var (bare, service) = (Nanoseconds(Contender.Bare), Nanoseconds(Contender.FastKv));
            return (IReadOnlyList<string>)[$"{connections}", Text(service), Text(bare), Text(service / bare)];

            double Nanoseconds(string server) =>
                1000 * (Median(server, connections, Large) - Median(server, connections, Small)) / (Large - Small);
        });
        return new BenchTable(
            "CPU time for each byte more of a value",
            ["connections", "FastKv, ns/byte", "bare, ns/byte", "ratio"],
            [.. rows]
        );

        double Median(string server, int connections, int valueBytes) =>
            Spread
                .Of(
                    measurements
                        .Where(one => one.Server == server && one.StoredKeys == Few)
                        .Where(one => one.Connections == connections && one.ValueBytes == valueBytes)
                        .Select(one => one.CpuMicrosecondsPerRequest)
                )
                .Median;
    }

    private static string Text(double number) => number.ToString("0.00", CultureInfo.InvariantCulture);
}
