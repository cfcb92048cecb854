using System.Globalization;
using FastKv.Load.Scenarios;

namespace FastKv.Load.Bench;

/// <summary>A row for each case, with the bare server of the same rounds beside the service.</summary>
internal static class ComparisonTable
{
    private static readonly string[] Columns =
    [
        "operation",
        "over",
        "CPU µs/request",
        "bare",
        "ratio",
        "requests/s",
        "bare",
        "ratio",
        "driver",
        "not 2xx",
    ];

    public static BenchTable Of(IReadOnlyList<Measurement> measurements, bool showData)
    {
        var rows =
            from bench in measurements.GroupBy(Case)
            let bare = bench.Where(one => one.Server == Contender.Bare).ToArray()
            from server in bench.GroupBy(one => one.Server)
            where server.Key != Contender.Bare
            select Row([.. server], bare, showData);
        return new BenchTable(
            "Server CPU time for a request, and requests a second, beside bare Kestrel writing the same bytes: median (least to most) of the rounds",
            Columns,
            [.. rows]
        );
    }

    /// <summary>The service with tracing beside the same service without, from the same rounds.</summary>
    public static BenchTable Tracing(IReadOnlyList<Measurement> measurements) =>
        new(
            "Tracing on, 5 % sampled, beside tracing off",
            ["operation", "over", "on, CPU µs/request", "off, CPU µs/request", "ratio"],
            Pairs(measurements, Contender.Traced, Contender.FastKv)
        );

    /// <summary>This build beside another, from the same rounds.</summary>
    public static BenchTable Builds(IReadOnlyList<Measurement> measurements) =>
        new(
            "This build beside the other",
            ["operation", "over", "this, CPU µs/request", "other, CPU µs/request", "ratio"],
            Pairs(measurements, Contender.FastKv, Contender.Other)
        );

    private static IReadOnlyList<string>[] Pairs(
        IReadOnlyList<Measurement> measurements,
        string server,
        string other
    ) =>
        [
            .. from bench in measurements.GroupBy(Case)
            let these = bench.Where(one => one.Server == server).ToArray()
            let those = bench.Where(one => one.Server == other).ToArray()
            select (IReadOnlyList<string>)
                [
                    these[0].Operation,
                    Over(these[0]),
                    Spread.Of(these.Select(Cpu)).Text("0.0"),
                    Spread.Of(those.Select(Cpu)).Text("0.0"),
                    Ratio(these, those, Cpu),
                ],
        ];

    /// <summary>What a batch costs for each of its values, beside the request that does the same with one.</summary>
    public static IEnumerable<BenchTable> PerValue(IReadOnlyList<Measurement> measurements)
    {
        var services = measurements.Where(one => one.Server == Contender.FastKv).ToArray();
        var rows =
            from batch in services.GroupBy(Case)
            let first = batch.First()
            let single = SingleOf(first.Operation)
            where single is not null
            let ofBatch = Spread.Of(batch.Select(one => Cpu(one) / Math.Min(Workbench.KeysOfBatch, one.StoredKeys)))
            let singles = services.Where(one => one.Operation == single && one.Protocol == first.Protocol).Select(Cpu)
            where singles.Any()
            let ofSingle = Spread.Of(singles)
            select (IReadOnlyList<string>)
                [
                    first.Operation,
                    Over(first),
                    ofBatch.Text("0.00"),
                    $"{ofSingle.Text("0.0")} ({single})",
                    string.Create(CultureInfo.InvariantCulture, $"{ofBatch.Median / ofSingle.Median:0.00}"),
                ];
        IReadOnlyList<string>[] found = [.. rows];
        return found.Length == 0
            ? []
            :
            [
                new BenchTable(
                    FormattableString.Invariant($"Batches of {Workbench.KeysOfBatch}, for each value"),
                    ["operation", "over", "CPU µs/value", "alone, CPU µs/request", "ratio"],
                    found
                ),
            ];
    }

    private static string? SingleOf(string operation) =>
        operation == Operation.RetrieveBatch.Name() ? Operation.Retrieve.Name()
        : operation == Operation.WriteBatch.Name() ? Operation.Update.Name()
        : null;

    private static object Case(Measurement one) =>
        (one.Operation, one.Protocol, one.Connections, one.Streams, one.ValueBytes, one.StoredKeys);

    private static string[] Row(Measurement[] service, Measurement[] bare, bool showData)
    {
        var first = service[0];
        var data = showData
            ? string.Create(CultureInfo.InvariantCulture, $", {first.StoredKeys:#,0} keys of {first.ValueBytes:#,0} B")
            : "";
        var kind = first.Server[Contender.FastKv.Length..];
        return
        [
            $"{first.Operation}{data}{kind}",
            Over(first),
            Spread.Of(service.Select(Cpu)).Text("0.0"),
            Spread.Of(bare.Select(Cpu)).Text("0.0"),
            Ratio(service, bare, Cpu),
            Spread.Of(service.Select(Rate)).Text("#,0"),
            Spread.Of(bare.Select(Rate)).Text("#,0"),
            Ratio(service, bare, Rate),
            first.Driver,
            (service.Sum(NotOk) + bare.Sum(NotOk)).ToString("#,0", CultureInfo.InvariantCulture),
        ];
    }

    private static string Over(Measurement one) =>
        one.Streams == 1
            ? $"{one.Protocol}, {one.Connections}"
            : $"{one.Protocol}, {one.Connections} × {one.Streams} streams";

    private static double Cpu(Measurement one) => one.CpuMicrosecondsPerRequest;

    private static double Rate(Measurement one) => one.RequestsPerSecond;

    private static long NotOk(Measurement one) => one.NotOk;

    /// <summary>Of each round, whose measurements were made in turn, so that a machine that slows down slows both.</summary>
    private static string Ratio(Measurement[] these, Measurement[] those, Func<Measurement, double> number) =>
        Spread.Of(these.Zip(those, (one, other) => number(one) / number(other))).Text("0.00");
}
