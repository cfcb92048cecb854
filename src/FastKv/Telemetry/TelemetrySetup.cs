using System.Text.Encodings.Web;
using System.Text.Json;
using FastKv.Configuration;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace FastKv.Telemetry;

/// <summary>
/// Wires OpenTelemetry: traces, metrics and logs by OTLP if <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, metrics for Prometheus
/// if there is a management port. With neither, nothing of it is registered. The other variables of the OpenTelemetry
/// specification (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_PROTOCOL, ...) mean what they say there.
/// </summary>
internal static class TelemetrySetup
{
    private const string ServiceName = "fastkv";
    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string TimeoutVariable = "OTEL_EXPORTER_OTLP_TIMEOUT";
    private const string ManagementPort = $"{Setting.Root}:Http:ManagementPort";
    private const string MetricsPath = "/metrics";
    private const int MaximumQueuedLines = 10_000;
    private const string RequestDuration = "http.server.request.duration";

    /// <summary>What is asked by machines and readers, and tells nothing about the work of the service.</summary>
    private static readonly PathString[] Unobserved = ["/health", "/docs", "/openapi", MetricsPath];

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.AddConsoleLog();
        var exports = HasEndpoint(builder.Configuration);
        var scraped = builder.Configuration.GetValue<int?>(ManagementPort) is not null;
        if (!exports && !scraped)
        {
            return;
        }

        var telemetry = builder
            .Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(ServiceName).AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics.Observe(scraped));
        if (exports)
        {
            // A receiver that hangs holds up the end of the program for as long as this; ten seconds are usual.
            builder.Configuration[TimeoutVariable] ??= "2000";
            telemetry
                .WithTracing(Observe)
                .WithLogging(null, logs => logs.IncludeFormattedMessage = true)
                .UseOtlpExporter();
        }
    }

    /// <summary>Answers <c>/metrics</c> on the management port, and keeps what is unobserved out of the metrics.</summary>
    public static void UseTelemetry(this WebApplication app)
    {
        if (app.Services.GetService<MeterProvider>() is null)
        {
            return;
        }

        app.Use(
            static (context, next) =>
            {
                if (!IsObserved(context) && context.Features.Get<IHttpMetricsTagsFeature>() is { } metrics)
                {
                    metrics.MetricsDisabled = true;
                }

                return next(context);
            }
        );
        if (app.Configuration.GetValue<int?>(ManagementPort) is { } port)
        {
            // By the port that the connection came in on: a Host header is the client's to choose.
            app.UseOpenTelemetryPrometheusScrapingEndpoint(context =>
                context.Connection.LocalPort == port && context.Request.Path == MetricsPath
            );
        }
    }

    private static void Observe(this MeterProviderBuilder metrics, bool scraped)
    {
        metrics
            .AddMeter(Instruments.Name)
            .AddMeter("Microsoft.AspNetCore.Hosting")
            .AddMeter("Microsoft.AspNetCore.Server.Kestrel")
            .AddMeter("System.Runtime")
            .AddView(
                RequestDuration,
                new ExplicitBucketHistogramConfiguration { Boundaries = Instruments.RequestSeconds }
            );
        if (scraped)
        {
            metrics.AddPrometheusExporter();
        }
    }

    private static void Observe(TracerProviderBuilder traces) =>
        traces
            .AddSource(Instruments.Name)
            .AddAspNetCoreInstrumentation(server => server.Filter = IsObserved)
            .AddProcessor<ServerSpanFilter>();

    private static bool IsObserved(HttpContext context)
    {
        foreach (var path in Unobserved)
        {
            if (context.Request.Path.StartsWithSegments(path))
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasEndpoint(ConfigurationManager configuration) =>
        configuration[EndpointVariable] switch
        {
            null or "" => false,
            var endpoint
                when Uri.TryCreate(endpoint, UriKind.Absolute, out var uri)
                    && uri.Scheme.StartsWith("http", StringComparison.Ordinal) => true,
            _ => throw new InvalidSettingException(
                $"{EndpointVariable} must be the URL of an OTLP receiver, for example http://localhost:4317, or not be set."
            ),
        };

    /// <summary>
    /// Lines of JSON for a machine, text for a person at a terminal; <c>Logging__Console__FormatterName</c> (json, simple,
    /// systemd) decides otherwise.
    /// </summary>
    private static void AddConsoleLog(this WebApplicationBuilder builder)
    {
        // This logger would give each request a scope with its path, which holds a user's key, and an Activity: 824 bytes, also
        // where no one traces.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);

        var format =
            builder.Configuration["Logging:Console:FormatterName"]
            ?? (Console.IsOutputRedirected ? ConsoleFormatterNames.Json : ConsoleFormatterNames.Simple);
        builder.Logging.AddConsole(console =>
        {
            console.FormatterName = format;

            // A reader that stalls costs lines, which the logger counts, and no requests.
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
            console.MaxQueueLength = MaximumQueuedLines;
        });
        builder.Services.Configure<JsonConsoleFormatterOptions>(json =>
        {
            json.IncludeScopes = true; // They hold the ids of trace and span.
            json.TimestampFormat = "O";
            json.UseUtcTimestamp = true;
            json.JsonWriterOptions = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        });
    }
}
