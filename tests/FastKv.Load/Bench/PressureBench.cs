using System.Globalization;
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
        string[] row =
        [
            Http2 is null ? "HTTP/1.1" : "HTTP/2",
            Text(result.Quiet.P99Milliseconds),
            Text(result.UnderPressure.P99Milliseconds),
            result.SmallSuccessPercent.ToString("0.000", CultureInfo.InvariantCulture),
            PressureResult.Describe(result.Large.Reads),
            PressureResult.Describe(result.Large.Writes),
            PressureResult.Describe(result.Large.HalfBodies),
        ];
        string[] header =
        [
            "large requests over",
            "small p99 alone, ms",
            "small p99, ms",
            "small answered, %",
            "large reads",
            "large writes",
            "half bodies",
        ];
        return new BenchReport(
            "pressure",
            DateTimeOffset.UtcNow,
            Options.CommandLine,
            MachineReport.Here(),
            "none",
            [new BenchTable("Large values from all sides", header, [row])],
            []
        );
    }

    private static string Text(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);

    private static Uri? AddressOf(string option, string? text) =>
        text is null ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri
        : throw new UsageException($"{option} is no address; write it as http://localhost:8080.");
}
