using System.Text.RegularExpressions;
using FastKv.Configuration;
using Xunit;

namespace FastKv.Tests.Deploy;

/// <summary>The environment variables that the program reads.</summary>
internal static partial class Settings
{
    /// <summary>The table of docs/settings.md, but for the groups' members.</summary>
    private static readonly HashSet<string> General =
    [
        "ASPNETCORE_URLS",
        "ConnectionStrings__Redis",
        "FastKv__DataDirectory",
        "FastKv__LogLevelsFile",
        "FastKv__SecretsDirectory",
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

    /// <summary>The members of the groups, as docs/settings.md lists them.</summary>
    public static readonly string[] Documented =
    [
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
        "FastKv__Http__AllowedOrigins__0",
        "FastKv__Http__AccessLog",
        "FastKv__Http__DrainSeconds",
        "FastKv__Http__ShutdownSeconds",
        "FastKv__Http__WarmUpSeconds",
    ];

    private static readonly Type[] OptionsTypes =
    [
        .. typeof(Setting)
            .Assembly.GetTypes()
            .Where(type =>
                type.Namespace?.StartsWith(nameof(FastKv), StringComparison.Ordinal) == true
                && type.Name.EndsWith("Options", StringComparison.Ordinal)
            ),
    ];

    /// <summary>Whether the program reads a variable; the number at the end of a list's name does not matter.</summary>
    public static bool Exists(string variable)
    {
        var name = Index().Replace(variable, "__0");
        var parts = name.Split("__");
        return parts is [Setting.Root, var group, var member, ..] && OptionsOf(group) is { } options
            ? options.GetProperty(member) is { } property
                && property.PropertyType.IsArray == name.EndsWith("__0", StringComparison.Ordinal)
            : General.Contains(name) || Documented.Contains(name);
    }

    /// <summary>Whether the program reads any of a group.</summary>
    public static bool HasGroup(string group) => OptionsOf(group) is not null;

    /// <summary>The type that a group of settings is read into: PasswordOptions for Passwords, HttpOptions for Http.</summary>
    private static Type? OptionsOf(string group) =>
        OptionsTypes.FirstOrDefault(type =>
            type.Name == $"{group}Options" || $"{type.Name[..^"Options".Length]}s" == group
        );

    [GeneratedRegex(@"__\d+$")]
    private static partial Regex Index();
}

/// <summary>The list of settings here is what the program's types say.</summary>
public sealed class SettingsTests
{
    public static TheoryData<string> Documented => [.. Settings.Documented];

    [Theory, MemberData(nameof(Documented))]
    public void A_documented_setting_is_one_of_the_program(string variable) => Assert.True(Settings.Exists(variable));

    [Theory]
    [InlineData("FastKv__Token__SigningKey__0")]
    [InlineData("FastKv__Token__SigningKeys")]
    [InlineData("FastKv__Passwords__MaxHashes")]
    [InlineData("FastKv__Lifetime")]
    [InlineData("Redis")]
    public void A_name_that_the_program_does_not_know_is_seen(string variable) =>
        Assert.False(Settings.Exists(variable));
}
