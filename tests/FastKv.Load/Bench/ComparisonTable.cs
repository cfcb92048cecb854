using System.Globalization;

namespace FastKv.Load.Bench;

/// <summary>A row for each case and server, with the ratio to the bare server measured in the same rounds.</summary>
internal static class ComparisonTable
{
    private static readonly string[] Columns =
    [
        "operation",
        "protocol",
        "connections",
        "value, bytes",
        "stored keys",
        "server",
        "CPU, µs/request",
        "CPU, ratio to bare",
        "requests/s",
        "requests/s, ratio to bare",
        "driver",
        "not 2xx",
    ];

    public static BenchTable Of(string title, IReadOnlyList<Measurement> measurements)
    {
        var rows = new List<IReadOnlyList<string>>();
        foreach (var bench in measurements.GroupBy(Case))
        {
            var bare = bench.Where(one => one.Server == Contender.Bare).ToArray();
            foreach (var server in bench.GroupBy(one => one.Server))
            {
                rows.Add(Row([.. server], bare));
            }
        }

        return new BenchTable(title, Columns, rows);
    }

    private static object Case(Measurement one) =>
        (one.Operation, one.Protocol, one.Connections, one.Streams, one.ValueBytes, one.StoredKeys);

    private static string[] Row(Measurement[] rounds, Measurement[] bare)
    {
        var first = rounds[0];
        var cpu = Spread.Of(rounds.Select(one => one.CpuMicrosecondsPerRequest));
        var rate = Spread.Of(rounds.Select(one => one.RequestsPerSecond));
        var bareCpu = Spread.Of(bare.Select(one => one.CpuMicrosecondsPerRequest));
        var bareRate = Spread.Of(bare.Select(one => one.RequestsPerSecond));
        return
        [
            first.Operation,
            first.Protocol,
            first.Streams == 1 ? $"{first.Connections}" : $"{first.Connections} × {first.Streams} streams",
            first.ValueBytes.ToString("#,0", CultureInfo.InvariantCulture),
            first.StoredKeys.ToString("#,0", CultureInfo.InvariantCulture),
            first.Server,
            cpu.Text("0.0"),
            (cpu.Median / bareCpu.Median).ToString("0.00", CultureInfo.InvariantCulture),
            rate.Text("#,0"),
            (rate.Median / bareRate.Median).ToString("0.00", CultureInfo.InvariantCulture),
            first.Driver,
            rounds.Sum(one => one.NotOk).ToString("#,0", CultureInfo.InvariantCulture),
        ];
    }
}
