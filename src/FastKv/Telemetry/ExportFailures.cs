using System.Diagnostics.Tracing;
using System.Text.RegularExpressions;

namespace FastKv.Telemetry;

/// <summary>
/// Says in the log that telemetry can't be delivered, which the OpenTelemetry SDK tells nobody but its event source: at the first
/// failure, and once a minute while there are more.
/// </summary>
internal sealed partial class ExportFailures(TimeProvider time, ILogger<ExportFailures> logger)
    : IHostedService,
        IDisposable
{
    private const string Source = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Lock sync = new();
    private Listener? listener;
    private long? told;
    private int failures;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        listener = new Listener(this);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => listener?.Dispose();

    /// <summary>An export failed.</summary>
    /// <param name="target">Where it was to go.</param>
    /// <param name="cause">Why, in few words.</param>
    public void Add(string target, string cause)
    {
        int count;
        lock (sync)
        {
            failures++;
            if (told is { } last && time.GetElapsedTime(last) < Interval)
            {
                return;
            }

            told = time.GetTimestamp();
            count = failures;
            failures = 0;
        }

        LogFailed(target, cause, count);
    }

    /// <summary>Of a message only what is known to hold nothing of the settings.</summary>
    private static string CauseOf(string name, string message) =>
        Status().Match(message) is { Success: true } status ? $"status {status.Groups[1].Value}"
        : message.Contains("refused", StringComparison.Ordinal) ? "connection refused"
        : message.Contains("not known", StringComparison.Ordinal) ? "unknown host"
        : message.Contains("Timeout", StringComparison.OrdinalIgnoreCase)
        || message.Contains("Canceled", StringComparison.Ordinal)
            ? "no answer in time"
        : message.Contains("SSL", StringComparison.Ordinal) ? "TLS failed"
        : name;

    [GeneratedRegex(@"does not indicate success: (\d{3})\b")]
    private static partial Regex Status();

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Telemetry can't be delivered to {Target}: {Cause}; {Exports} exports failed since the last such line. Check OTEL_EXPORTER_OTLP_ENDPOINT, _PROTOCOL and _HEADERS, and the receiver."
    )]
    private partial void LogFailed(string target, string cause, int exports);

    private sealed class Listener(ExportFailures failures) : EventListener
    {
        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == Source)
            {
                EnableEvents(eventSource, EventLevel.Warning);
            }
        }

        // The URL stands first, and the exception last.
        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            var target =
                eventData.Payload is [string url, ..] && Uri.TryCreate(url, UriKind.Absolute, out var uri)
                    ? uri.Authority
                    : "the receiver";
            var message = eventData.Payload is [.., string last] ? last : "";
            failures.Add(target, CauseOf(eventData.EventName ?? "unknown", message));
        }
    }
}
