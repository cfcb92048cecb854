using System.Text.Encodings.Web;
using System.Text.Json;
using FastKv.Configuration;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Logs;
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
    private const string TimeoutVariable = "OTEL_EXPORTER_OTLP_TIMEOUT";
    private const string ManagementPort = $"{Setting.Root}:Http:ManagementPort";
    private const string MetricsPath = "/metrics";
    private const int MaximumQueuedLines = 10_000;
    private const string RequestDuration = "http.server.request.duration";

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.AddConsoleLog();
        OpenTelemetrySettings.Check(builder.Configuration);
        builder.Services.AddSingleton<SecurityEvents>();
        if (builder.Configuration.GetValue<bool>("OTEL_SDK_DISABLED"))
        {
            return;
        }

        var traces = new OtlpSignal(builder.Configuration, "TRACES");
        var metrics = new OtlpSignal(builder.Configuration, "METRICS");
        var logs = new OtlpSignal(builder.Configuration, "LOGS");
        var exports = traces.IsOn || metrics.IsOn || logs.IsOn;
        var scraped = builder.Configuration.GetValue<int?>(ManagementPort) is not null;
        if (!exports && !scraped)
        {
            return;
        }

        // A receiver that hangs holds up the end of the program for as long as this; ten seconds are usual.
        if (string.IsNullOrWhiteSpace(builder.Configuration[TimeoutVariable]))
        {
            builder.Configuration[TimeoutVariable] = "2000";
        }

        var telemetry = builder
            .Services.AddOpenTelemetry()
            .ConfigureResource(resource =>
                resource.AddService(ServiceName, serviceVersion: ServiceVersion.Text).AddEnvironmentVariableDetector()
            );
        if (exports)
        {
            builder.Services.AddHostedService<ExportFailures>();
        }

        if (metrics.IsOn || scraped)
        {
            telemetry.WithMetrics(meters => meters.Observe(scraped, metrics));
        }

        if (traces.IsOn)
        {
            // ASP.NET would describe its spans itself, with the path.
            AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", true);
            telemetry.WithTracing(spans =>
                spans
                    .AddSource(Instruments.Name)
                    .AddSource(RequestTracingMiddleware.Source)
                    .AddOtlpExporter(traces.Configure)
            );
        }

        if (logs.IsOn)
        {
            telemetry.WithLogging(
                lines => lines.AddOtlpExporter(logs.Configure),
                options => options.IncludeFormattedMessage = true
            );
        }
    }

    /// <summary>Describes the spans of requests, logs them, and answers <c>/metrics</c> on the management port.</summary>
    /// <param name="errorCodes">Those of all answers, which are counted from the start.</param>
    public static void UseTelemetry(this WebApplication app, IEnumerable<string> errorCodes)
    {
        if (app.Services.GetService<TracerProvider>() is not null)
        {
            app.UseMiddleware<RequestTracingMiddleware>();
        }

        if (app.Services.GetService<MeterProvider>() is not null)
        {
            Instruments.StartAtZero(errorCodes);
        }

        app.UseMiddleware<AccessLogMiddleware>();
        if (
            app.Configuration.GetValue<int?>(ManagementPort) is not { } port
            || app.Services.GetService<MeterProvider>() is null
        )
        {
            return;
        }

        // By the port that the connection came in on: a Host header is the client's to choose.
        app.UseOpenTelemetryPrometheusScrapingEndpoint(
            meterProvider: null,
            context => context.Connection.LocalPort == port && context.Request.Path == MetricsPath,
            path: null,
            scrape => scrape.Use(WithoutMetrics),
            optionsName: null
        );
    }

    private static Task WithoutMetrics(HttpContext context, RequestDelegate next)
    {
        context.Features.Get<IHttpMetricsTagsFeature>()?.MetricsDisabled = true;
        return next(context);
    }

    private static void Observe(this MeterProviderBuilder metrics, bool scraped, OtlpSignal signal)
    {
        metrics
            .AddMeter(Instruments.Name)
            .AddMeter("Microsoft.AspNetCore.Hosting")
            .AddMeter("Microsoft.AspNetCore.Server.Kestrel")
            .AddMeter("System.Runtime")
            // fastkv.requests.in_flight says the same without two updates a request.
            .AddView("http.server.active_requests", MetricStreamConfiguration.Drop)
            .AddView(
                RequestDuration,
                new ExplicitBucketHistogramConfiguration { Boundaries = Instruments.RequestSeconds }
            );
        if (scraped)
        {
            metrics.AddPrometheusExporter();
        }

        if (signal.IsOn)
        {
            metrics.AddOtlpExporter(signal.Configure);
        }
    }

    /// <summary>
    /// Lines of JSON for a machine, text for a person at a terminal; <c>Logging__Console__FormatterName</c> (json, simple,
    /// systemd) decides otherwise.
    /// </summary>
    private static void AddConsoleLog(this WebApplicationBuilder builder)
    {
        // This logger would give each request a scope with its path, which holds a user's key, and an Activity: 824 bytes, also
        // where no one traces.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Services.PostConfigure<LoggerFilterOptions>(RestrainForEachProvider);

        var format = builder.Configuration["Logging:Console:FormatterName"];
        if (string.IsNullOrWhiteSpace(format))
        {
            format = Console.IsOutputRedirected ? ConsoleFormatterNames.Json : ConsoleFormatterNames.Simple;
        }

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
            builder.Configuration.GetSection("Logging:Console:FormatterOptions").Bind(json);
        });
    }

    /// <summary>
    /// A rule for one provider (<c>Logging__Console__LogLevel__Default</c>) goes before all rules that name none, and so would
    /// undo those that keep the framework from logging paths: each provider that has rules gets these too.
    /// </summary>
    private static void RestrainForEachProvider(LoggerFilterOptions filters)
    {
        var providers = filters.Rules.Select(rule => rule.ProviderName).OfType<string>().Distinct().ToArray();
        var ofFramework = filters.Rules.Where(IsOfFramework).ToArray();
        foreach (var provider in providers)
        {
            foreach (var rule in ofFramework)
            {
                filters.Rules.Add(new LoggerFilterRule(provider, rule.CategoryName, rule.LogLevel, rule.Filter));
            }
        }
    }

    private static bool IsOfFramework(LoggerFilterRule rule) =>
        rule.ProviderName is null
        && rule.CategoryName is { } category
        && (
            category.StartsWith("Microsoft", StringComparison.Ordinal)
            || category.StartsWith("FastEndpoints", StringComparison.Ordinal)
        );
}
