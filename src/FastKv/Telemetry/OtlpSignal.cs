using OpenTelemetry.Exporter;

namespace FastKv.Telemetry;

/// <summary>
/// Whether and where a kind of telemetry goes by OTLP: <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> for all, <c>OTEL_EXPORTER_OTLP_{SIGNAL}_…</c>
/// for one, <c>OTEL_{SIGNAL}_EXPORTER=none</c> for none (OpenTelemetry protocol exporter specification).
/// </summary>
/// <param name="configuration">Has been checked by <see cref="OpenTelemetrySettings"/>.</param>
/// <param name="name"><c>TRACES</c>, <c>METRICS</c> or <c>LOGS</c>.</param>
internal sealed class OtlpSignal(IConfiguration configuration, string name)
{
    private const string Exporter = "OTEL_EXPORTER_OTLP";

    /// <summary>Whether it is exported.</summary>
    public bool IsOn { get; } =
        !string.Equals(configuration[$"OTEL_{name}_EXPORTER"], "none", StringComparison.OrdinalIgnoreCase)
        && (IsSet(configuration, $"{Exporter}_ENDPOINT") || IsSet(configuration, $"{Exporter}_{name}_ENDPOINT"));

    /// <summary>Sets what is said of this signal alone; what is said of all the SDK reads by itself.</summary>
    public void Configure(OtlpExporterOptions options)
    {
        if (Own("ENDPOINT") is { } endpoint)
        {
            options.Endpoint = new Uri(endpoint);
        }

        if (Own("PROTOCOL") is { } protocol)
        {
            options.Protocol = protocol == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        }

        options.Headers = Own("HEADERS") ?? options.Headers;
        if (Own("TIMEOUT") is { } timeout)
        {
            options.TimeoutMilliseconds = int.Parse(timeout, System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    private string? Own(string member) =>
        configuration[$"{Exporter}_{name}_{member}"] is var value && string.IsNullOrWhiteSpace(value) ? null : value;

    private static bool IsSet(IConfiguration configuration, string variable) =>
        !string.IsNullOrWhiteSpace(configuration[variable]);
}
