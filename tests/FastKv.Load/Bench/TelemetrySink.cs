using System.Globalization;
using System.Net;
using FastKv.Load.Cli;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// Takes OpenTelemetry exports over HTTP, answers 200 and forgets them, so that the cost of tracing is the service's own.
/// GET answers how many exports of spans came, to show that tracing was on.
/// </summary>
internal static class TelemetrySink
{
    public const string Command = "telemetry-sink";
    private const string TracesPath = "/v1/traces";

    public static Task<ServiceProcess> StartAsync(string? cores, CancellationToken cancellation) =>
        ServiceProcess.StartAsync(
            typeof(TelemetrySink).Assembly.Location,
            (port, _) => ([Command, "--port", $"{port}"], new Dictionary<string, string>()),
            TracesPath,
            cores,
            cancellation
        );

    /// <returns>How many exports of spans the sink has taken.</returns>
    public static async Task<long> SpanExportsAsync(ServiceProcess sink, CancellationToken cancellation)
    {
        using var client = HttpClients.Create(sink.Http1, http2: false, connections: 1, TimeSpan.FromSeconds(5));
        var count = await client.GetStringAsync(new Uri(TracesPath, UriKind.Relative), cancellation);
        return long.Parse(count, CultureInfo.InvariantCulture);
    }

    /// <summary>The hidden command that the process above runs.</summary>
    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellation)
    {
        var port = arguments.Whole("--port", 0, 1, 65535);
        arguments.RefuseUnread();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        long spanExports = 0;
        app.Run(async context =>
        {
            if (HttpMethods.IsGet(context.Request.Method))
            {
                await context.Response.WriteAsync($"{Interlocked.Read(ref spanExports)}", context.RequestAborted);
                return;
            }

            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            context.Response.ContentType = "application/x-protobuf";
            context.Response.ContentLength = 0;
            if (context.Request.Path == TracesPath)
            {
                Interlocked.Increment(ref spanExports);
            }
        });
        await app.RunAsync(cancellation);
        return ExitCode.Fine;
    }
}
