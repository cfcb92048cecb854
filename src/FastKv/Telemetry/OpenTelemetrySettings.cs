using System.Globalization;
using System.Text.RegularExpressions;
using FastKv.Configuration;

namespace FastKv.Telemetry;

/// <summary>
/// The environment variables of the OpenTelemetry specification
/// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). Its SDK passes over what it can't read, or
/// throws; here that is refused at start. What is empty is not set, as the specification says.
/// </summary>
internal static partial class OpenTelemetrySettings
{
    private const string Exporter = "OTEL_EXPORTER_OTLP";

    private static readonly string[] Signals = ["", "_TRACES", "_METRICS", "_LOGS"];

    private static readonly string[] Protocols = ["grpc", "http/protobuf"];

    private static readonly string[] Exporters = ["otlp", "none"];

    private static readonly string[] Samplers =
    [
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ];

    /// <summary>Milliseconds and counts, at least 1.</summary>
    private static readonly string[] Numbers =
    [
        "OTEL_METRIC_EXPORT_INTERVAL",
        "OTEL_METRIC_EXPORT_TIMEOUT",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_EVENT_COUNT_LIMIT",
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        .. Signals.Select(signal => $"{Exporter}{signal}_TIMEOUT"),
        .. BatchNumbers("OTEL_BSP"),
        .. BatchNumbers("OTEL_BLRP"),
    ];

    // What the specification has where nothing is set.
    private const int DefaultQueueSize = 2048;
    private const int DefaultBatchSize = 512;

    /// <exception cref="InvalidSettingException">One is wrong.</exception>
    public static void Check(IConfiguration configuration)
    {
        foreach (var signal in Signals)
        {
            Require(
                configuration,
                $"{Exporter}{signal}_ENDPOINT",
                IsUrl,
                "the URL of an OTLP receiver, for example http://localhost:4317"
            );
            Require(configuration, $"{Exporter}{signal}_PROTOCOL", Protocols.Contains, "grpc or http/protobuf");
            Require(
                configuration,
                $"{Exporter}{signal}_HEADERS",
                IsListOfHeaders,
                "a list like name=value,name=value, with values percent-encoded"
            );
        }

        foreach (var signal in Signals.Where(signal => signal.Length > 0))
        {
            Require(configuration, $"OTEL{signal}_EXPORTER", Exporters.Contains, "otlp or none");
        }

        Require(configuration, "OTEL_SDK_DISABLED", text => bool.TryParse(text, out _), "true or false");
        foreach (var name in Numbers)
        {
            Require(configuration, name, IsPositive, $"a whole number from 1 to {int.MaxValue}");
        }

        RequireBatchesFit(configuration, "OTEL_BSP");
        RequireBatchesFit(configuration, "OTEL_BLRP");
        Require(configuration, "OTEL_TRACES_SAMPLER", Samplers.Contains, $"one of {string.Join(", ", Samplers)}");
        Require(configuration, "OTEL_TRACES_SAMPLER_ARG", IsRatio, "a number from 0 to 1");
        Require(configuration, "OTEL_RESOURCE_ATTRIBUTES", IsListOfPairs, "a list like name=value,name=value");
    }

    private static void Require(IConfiguration configuration, string name, Predicate<string> holds, string what)
    {
        // The value is not repeated: it may hold a secret.
        if (configuration[name] is { } value && !string.IsNullOrWhiteSpace(value) && !holds(value))
        {
            throw new InvalidSettingException($"{name} must be {what}, or not be set.");
        }
    }

    private static string[] BatchNumbers(string processor) =>
        [
            $"{processor}_SCHEDULE_DELAY",
            $"{processor}_EXPORT_TIMEOUT",
            $"{processor}_MAX_QUEUE_SIZE",
            $"{processor}_MAX_EXPORT_BATCH_SIZE",
        ];

    private static void RequireBatchesFit(IConfiguration configuration, string processor)
    {
        var (queue, batch) = ($"{processor}_MAX_QUEUE_SIZE", $"{processor}_MAX_EXPORT_BATCH_SIZE");
        if (NumberOr(configuration[batch], DefaultBatchSize) > NumberOr(configuration[queue], DefaultQueueSize))
        {
            throw new InvalidSettingException(
                $"{batch} (or its default, {DefaultBatchSize}) is more than {queue} (or its default, {DefaultQueueSize}); set the second to at least the first."
            );
        }
    }

    private static int NumberOr(string? text, int otherwise) =>
        string.IsNullOrWhiteSpace(text) ? otherwise : int.Parse(text, CultureInfo.InvariantCulture);

    private static bool IsUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";

    private static bool IsPositive(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;

    private static bool IsRatio(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio)
        && ratio is >= 0 and <= 1;

    private static bool IsListOfHeaders(string text) => text.Split(',').All(header => Header().IsMatch(header));

    private static bool IsListOfPairs(string text) =>
        text.Split(',').All(pair => pair.IndexOf('=', StringComparison.Ordinal) > 0);

    // A name is a token (RFC 9110, 5.6.2), and a value has visible characters and spaces.
    [GeneratedRegex(@"^\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*=[ -~]*$")]
    private static partial Regex Header();
}
