using System.Globalization;
using System.Security.Cryptography;

namespace FastKv.Load.Target;

/// <summary>How this tool starts FastKv. One object serves several starts, so that tokens stay valid across them.</summary>
/// <param name="RedisPort">Null: the embedded store, in <paramref name="DataFolder"/>.</param>
internal sealed record ServiceSettings(int? RedisPort, string DataFolder)
{
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromDays(1);
    private readonly string signingKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>Where spans and metrics go; null: OpenTelemetry stays off.</summary>
    public Uri? TelemetrySink { get; init; }

    /// <summary>What the garbage collector may use; null: what it takes by itself.</summary>
    public long? HeapLimitBytes { get; init; }

    /// <summary>Null: the service's own default.</summary>
    public double? WarmUpSeconds { get; init; }

    /// <summary>
    /// The runtime's own pace of optimizing (100 ms without a new method before calls count, on one core ten times that) in
    /// place of the one that the service sets.
    /// </summary>
    public bool UsualTiering { get; init; }

    public Task<ServiceProcess> StartAsync(string assembly, string? cores, CancellationToken cancellation) =>
        ServiceProcess.StartAsync(
            assembly,
            (port, http2Port) => ([], Environment(port, http2Port)),
            "/health/ready",
            cores,
            cancellation
        );

    private Dictionary<string, string> Environment(int port, int http2Port)
    {
        var settings = new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
            ["FastKv__Http__Http2Port"] = $"{http2Port}",
            ["FastKv__Token__SigningKeys__0"] = signingKey,
            ["FastKv__Token__LifetimeSeconds"] = $"{TokenLifetime.TotalSeconds}",
            ["FastKv__DataDirectory"] = DataFolder,
        };
        if (RedisPort is { } redis)
        {
            settings["ConnectionStrings__Redis"] = $"127.0.0.1:{redis}";
        }

        if (WarmUpSeconds is { } warmUp)
        {
            settings["FastKv__Http__WarmUpSeconds"] = warmUp.ToString(CultureInfo.InvariantCulture);
        }

        if (HeapLimitBytes is { } limit)
        {
            // In hexadecimal, as the runtime reads all numbers of its own.
            settings["DOTNET_GCHeapHardLimit"] = limit.ToString("x", CultureInfo.InvariantCulture);
        }

        if (UsualTiering)
        {
            // In hexadecimal, as the runtime reads all numbers of its own.
            settings["DOTNET_TC_CallCountingDelayMs"] = "64";
        }

        if (TelemetrySink is { } sink)
        {
            settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = sink.ToString();
            settings["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
            settings["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio";
            settings["OTEL_TRACES_SAMPLER_ARG"] = "0.05";
        }

        return settings;
    }
}
