using FastKv.Load.Cli;
using FastKv.Load.Reports;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary><c>bench</c>: each operation against the bare server, over HTTP/1.1 and HTTP/2, with tracing if asked for.</summary>
internal sealed record CompareBench(
    BenchOptions Options,
    IReadOnlyList<Operation> Operations,
    IReadOnlyList<bool> Http2,
    int Connections,
    int PasswordConnections,
    int Http2Connections,
    int Streams,
    int ValueBytes,
    int StoredKeys,
    bool Tracing
)
{
    private static readonly Operation[] UsualOperations =
    [
        Operation.Retrieve,
        Operation.Store,
        Operation.Update,
        Operation.Delete,
        Operation.List,
        Operation.Modify,
        Operation.RetrieveBatch,
        Operation.WriteBatch,
        Operation.Renew,
    ];

    public static CompareBench From(Arguments arguments, BenchOptions options) =>
        new(
            options,
            OperationsFrom(arguments.Text("--operations")),
            ProtocolsFrom(arguments.Text("--protocols")),
            arguments.Whole("--connections", 64, 1, 1024),
            arguments.Whole("--password-connections", 4, 1, 64),
            arguments.Whole("--http2-connections", 8, 1, 256),
            arguments.Whole("--streams", 32, 1, 100),
            arguments.Whole("--value-bytes", 100, 1, 1 << 20),
            arguments.Whole("--keys", 1000, 1, 2_000_000),
            arguments.Flag("--tracing")
        );

    public async Task<BenchReport> RunAsync(CancellationToken cancellation)
    {
        await using var workbench = await Workbench.OpenAsync(Options, cancellation);
        await using var plain = await workbench.StartServiceAsync(workbench.Settings, cancellation);
        await using var sink = Tracing
            ? await TelemetrySink.StartAsync(workbench.Pinning.LoadCores, cancellation)
            : null;
        var tracedSettings = workbench.Settings with { TelemetrySink = sink?.Http1 };
        await using var traced = sink is null ? null : await workbench.StartServiceAsync(tracedSettings, cancellation);
        await using var other = await workbench.StartOtherServiceAsync(cancellation);
        await workbench.SignInAsync(plain, cancellation);

        List<Contender> services = [new(Contender.FastKv, plain)];
        if (traced is not null)
        {
            services.Add(new Contender(Contender.Traced, traced));
        }

        if (other is not null)
        {
            services.Add(new Contender(Contender.Other, other));
        }

        var comparison = new Comparison(workbench, services, Options);
        foreach (var bench in Cases())
        {
            await comparison.MeasureAsync(bench, cancellation);
        }

        return new BenchReport(
            "compare",
            DateTimeOffset.UtcNow,
            Options.CommandLine,
            MachineReport.Here(),
            FormattableString.Invariant(
                $"{workbench.Pinning.Description}; {StoredKeys:#,0} stored keys, values of {ValueBytes:#,0} bytes"
            ) + await SinkNoteAsync(sink, cancellation),
            [
                ComparisonTable.Of(comparison.Measurements, showData: false),
                .. ComparisonTable.PerValue(comparison.Measurements),
                .. Tracing ? [ComparisonTable.Tracing(comparison.Measurements)] : Array.Empty<BenchTable>(),
                .. other is not null ? [ComparisonTable.Builds(comparison.Measurements)] : Array.Empty<BenchTable>(),
            ],
            comparison.Measurements
        );
    }

    private IEnumerable<BenchCase> Cases() =>
        from operation in Operations
        from http2 in Http2
        let hashes = operation is Operation.Register or Operation.Token
        let connections = hashes ? PasswordConnections
        : http2 ? Http2Connections
        : Connections
        select new BenchCase(operation, http2, connections, http2 && !hashes ? Streams : 1, ValueBytes, StoredKeys);

    private static async Task<string> SinkNoteAsync(ServiceProcess? sink, CancellationToken cancellation)
    {
        if (sink is null)
        {
            return "";
        }

        return await TelemetrySink.SpanExportsAsync(sink, cancellation) is > 0 and var exports
            ? $"; the service sent {exports} exports of spans"
            : "; **the service sent no spans: tracing was not on, and the rows that call it traced mean nothing**";
    }

    private static Operation[] OperationsFrom(string? text) =>
        text is null
            ? UsualOperations
            :
            [
                .. text.Split(',')
                    .Select(name =>
                        OperationNames.Find(name) ?? throw new UsageException($"There is no operation '{name}'.")
                    ),
            ];

    public static IReadOnlyList<bool> ProtocolsFrom(string? text) =>
        text switch
        {
            null or "http1,http2" => [false, true],
            "http1" => [false],
            "http2" => [true],
            _ => throw new UsageException("--protocols is http1, http2 or http1,http2."),
        };
}
