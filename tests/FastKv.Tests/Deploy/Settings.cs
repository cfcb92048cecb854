using System.Text.RegularExpressions;

namespace FastKv.Tests.Deploy;

/// <summary>The environment variables that the program reads.</summary>
internal static partial class Settings
{
    private static readonly HashSet<string> Names =
    [
        "ASPNETCORE_URLS",
        "ConnectionStrings__Redis",
        "FastKv__DataDirectory",
        "FastKv__Redis__KeyPrefix",
        "FastKv__Redis__TimeoutMilliseconds",
        "FastKv__Token__SigningKeys__0",
        "FastKv__Token__LifetimeSeconds",
        "FastKv__Token__Issuer",
        "FastKv__Token__Audience",
        "FastKv__Token__CacheSize",
        "FastKv__Passwords__MemoryKiB",
        "FastKv__Passwords__Iterations",
        "FastKv__Passwords__Parallelism",
        "FastKv__Passwords__MaxConcurrentHashes",
        "FastKv__Passwords__MaxQueuedHashes",
        "FastKv__Limits__MaxConcurrentRequests",
        "FastKv__Limits__MaxConnections",
        "FastKv__Limits__DataRequestsPerSecondPerUser",
        "FastKv__Limits__RegistrationsPerHourPerAddress",
        "FastKv__Limits__FailedLoginsPerUsername",
        "FastKv__Limits__FailedLoginsPerAddress",
        "FastKv__Limits__FailedLoginWindowSeconds",
        "FastKv__Http__Http2Port",
        "FastKv__Http__ManagementPort",
        "FastKv__Http__TrustedProxies__0",
        "FastKv__Http__DrainSeconds",
        "FastKv__Http__ShutdownSeconds",
        "FastKv__Http__WarmUpSeconds",
        // Read by the libraries: OpenTelemetry's general settings, and StackExchange.Redis's private authority.
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
        "OTEL_SERVICE_NAME",
        "OTEL_RESOURCE_ATTRIBUTES",
        "SERedis_IssuerCertPath",
    ];

    /// <summary>Whether the program reads a variable; the number at the end of a list's name does not matter.</summary>
    public static bool Exists(string variable) => Names.Contains(Index().Replace(variable, "__0"));

    [GeneratedRegex(@"__\d+$")]
    private static partial Regex Index();
}
