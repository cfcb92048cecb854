using FastKv.Load.Cli;
using FastKv.Load.Reports;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// <c>bench pressure</c>: <see cref="LargeValuePressure"/> on a service that is running already, in its own container for example,
/// whose memory somebody else looks at.
/// </summary>
internal sealed record PressureBench(BenchOptions Options, Uri Http1, Uri? Http2, TimeSpan Pressure)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <exception cref="UsageException">There is no address, or it is none.</exception>
    public static PressureBench From(Arguments arguments, BenchOptions options) =>
        new(
            options,
            AddressOf("--url", arguments.Text("--url"))
                ?? throw new UsageException("bench pressure needs --url, the address of a service that is running."),
            AddressOf("--http2-url", arguments.Text("--http2-url")),
            arguments.Seconds("--pressure-seconds", 60, 1, 3600)
        );

    public async Task<BenchReport> RunAsync(CancellationToken cancellation)
    {
        using var client = HttpClients.Create(Http1, http2: false, 1, Timeout);
        var pressure = new LargeValuePressure(
            Http1,
            Http2,
            await AccountMaker.MakeAsync(client, $"large-{Guid.NewGuid():N}"[..32], cancellation),
            await AccountMaker.MakeAsync(client, $"small-{Guid.NewGuid():N}"[..32], cancellation)
        );
        var result = await pressure.RunAsync(Quiet, Pressure, cancellation);
        return new BenchReport(
            "pressure",
            DateTimeOffset.UtcNow,
            Options.CommandLine,
            MachineReport.Here(),
            "none",
            [new BenchTable("Large values from all sides", PressureResult.Columns, [result.Cells(Http2 is not null)])],
            []
        );
    }

    private static Uri? AddressOf(string option, string? text) =>
        text is null ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri
        : throw new UsageException($"{option} is no address; write it as http://localhost:8080.");
}
