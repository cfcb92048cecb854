using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Attributes = System.Collections.Generic.IReadOnlyDictionary<string, string>;

namespace FastKv.Tests.Telemetry;

internal enum SpanKind
{
    Internal = 1,
    Server = 2,
    Client = 3,
}

/// <param name="TraceId">In hexadecimal digits, like the other ids.</param>
/// <param name="Failed">Whether its status is Error.</param>
internal sealed record Span(
    string TraceId,
    string SpanId,
    string ParentId,
    string Name,
    SpanKind Kind,
    Attributes Attributes,
    bool Failed
);

/// <param name="Kind">gauge, sum or histogram.</param>
internal sealed record Metric(string Name, string Unit, string Kind, bool Monotonic, IReadOnlyList<MetricPoint> Points);

/// <param name="Value">Of a histogram, the number of its measurements.</param>
internal sealed record MetricPoint(double Value, double Sum, Attributes Attributes);

internal sealed record LogLine(string Text, string TraceId, Attributes Attributes);

/// <summary>
/// Receives OTLP over HTTP and keeps it all. Field numbers are those of https://github.com/open-telemetry/opentelemetry-proto.
/// </summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Path, byte[] Body)> received = new();
    private readonly WebApplication app;

    private OtlpReceiver(WebApplication app)
    {
        this.app = app;
        app.Run(ReceiveAsync);
    }

    public string Address => app.Urls.First();

    /// <summary>All bytes that came, as they came.</summary>
    public IReadOnlyList<byte[]> Bodies => [.. received.Select(r => r.Body)];

    /// <summary>The same of one signal: traces, metrics or logs.</summary>
    public IEnumerable<byte[]> BodiesOf(string signal) =>
        received.Where(r => r.Path == $"/v1/{signal}").Select(r => r.Body);

    public IReadOnlyList<Span> Spans =>
        [
            .. from resource in Of("/v1/traces")
            from scope in resource.Messages(2)
            from span in scope.Messages(2)
            select new Span(
                span.Hex(1),
                span.Hex(2),
                span.Hex(4),
                span.Text(5),
                (SpanKind)span.Number(6),
                AttributesOf(span, 9),
                span.Message(15).Number(3) == 2
            ),
        ];

    /// <summary>Each metric as it came last.</summary>
    public IReadOnlyDictionary<string, Metric> Metrics =>
        (
            from resource in Of("/v1/metrics")
            from scope in resource.Messages(2)
            from metric in scope.Messages(2)
            select MetricOf(metric)
        )
            .GroupBy(metric => metric.Name)
            .ToDictionary(group => group.Key, group => group.Last());

    public IReadOnlyList<LogLine> Logs =>
        [
            .. from resource in Of("/v1/logs")
            from scope in resource.Messages(2)
            from line in scope.Messages(2)
            select new LogLine(line.Message(5).Text(1), line.Hex(9), AttributesOf(line, 6)),
        ];

    /// <summary>The attributes of the resources of a signal: traces, metrics or logs.</summary>
    public IReadOnlyList<Attributes> Resources(string signal) =>
        [.. Of($"/v1/{signal}").Select(resource => AttributesOf(resource.Message(1), 1))];

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new OtlpReceiver(builder.Build());
        await receiver.app.StartAsync();
        return receiver;
    }

    /// <summary>The settings with which a service sends its telemetry here, soon.</summary>
    public (string Name, string? Value)[] Settings =>
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", Address),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "250"),
        ];

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        received.Enqueue((context.Request.Path, body.ToArray()));
    }

    private IEnumerable<ProtobufMessage> Of(string path) =>
        received.Where(r => r.Path == path).SelectMany(r => new ProtobufMessage(r.Body).Messages(1));

    private static Metric MetricOf(ProtobufMessage metric)
    {
        var (kind, field) =
            metric.Has(5) ? ("gauge", 5)
            : metric.Has(7) ? ("sum", 7)
            : ("histogram", 9);
        var data = metric.Message(field);
        return new Metric(
            metric.Text(1),
            metric.Text(3),
            kind,
            data.Number(3) == 1,
            [
                .. data.Messages(1)
                    .Select(point =>
                        kind == "histogram"
                            ? new MetricPoint(point.Number(4), point.Double(5), AttributesOf(point, 9))
                            : new MetricPoint(
                                point.Has(6) ? (long)point.Number(6) : point.Double(4),
                                0,
                                AttributesOf(point, 7)
                            )
                    ),
            ]
        );
    }

    private static Dictionary<string, string> AttributesOf(ProtobufMessage message, int field) =>
        message.Messages(field).ToDictionary(pair => pair.Text(1), pair => ValueOf(pair.Message(2)));

    private static string ValueOf(ProtobufMessage value) =>
        value.Has(3) ? ((long)value.Number(3)).ToString(CultureInfo.InvariantCulture) : value.Text(1);
}
