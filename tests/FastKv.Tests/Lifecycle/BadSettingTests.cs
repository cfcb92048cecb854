using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FastKv.Configuration;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Lifecycle;

public sealed class BadSettingTests
{
    private const string Redis = "127.0.0.1:1";
    private static readonly string[] ProgramOnly = ["ASPNETCORE_", "DOTNET_", "FastKv__DataDirectory"];
    private static readonly string GoodKey = Convert.ToBase64String(new byte[32]);

    /// <summary>A setting that is wrong, and what the sentence must name.</summary>
    public static TheoryData<string, string, string> Settings =>
        new()
        {
            { "ASPNETCORE_URLS", "nonsense", "ASPNETCORE_URLS" },
            { "ASPNETCORE_URLS", "http://", "ASPNETCORE_URLS" },
            { "ASPNETCORE_URLS", "http://localhost:x", "ASPNETCORE_URLS" },
            { "ASPNETCORE_URLS", "http://localhost:99999", "ASPNETCORE_URLS" },
            { "ASPNETCORE_URLS", "https://localhost:8443", "TLS" },
            { "ASPNETCORE_URLS", "http://192.0.2.1:8080", "no such address" },
            { "ASPNETCORE_FORWARDEDHEADERS_ENABLED", "true", "FastKv__Http__TrustedProxies__0" },
            { "ConnectionStrings__Redis", ",nonsense=1", "ConnectionStrings__Redis" },
            { "ConnectionStrings__Redis", "localhost:6379,nonsense=1", "ConnectionStrings__Redis" },
            { "ConnectionStrings__Redis", "localhost:6379,ssl=perhaps", "ConnectionStrings__Redis" },
            { "ConnectionStrings__Redis", "password=hunter2", "ConnectionStrings__Redis" },
            { "ConnectionStrings__Redis", "localhost:x", "ConnectionStrings__Redis" },
            { "ConnectionStrings__Redis", "user:hunter2@localhost", "ConnectionStrings__Redis" },
            { "ConnectionStrings__Redis", "localhost:6379,password=a,hunter2", "%2C" },
            { "ConnectionStrings__Redis", "localhost:6379,password=a,hunter2=b", "ConnectionStrings__Redis" },
            { "ConnectionStrings__Redis", "postgres://user:hunter2@localhost", "rediss://" },
            { "ConnectionStrings__Redis", "redis://user:hunter2@localhost:x", "percent-encoded" },
            { "ConnectionStrings__Redis", "redis://user:hunter2@localhost?sslmode=none", "query" },
            { "ConnectionStrings__Redis", "localhost,syncTimeout=5000", "FastKv__Redis__TimeoutMilliseconds" },
            { "ConnectionStrings__Redis", "redis://localhost?asyncTimeout=5000", "FastKv__Redis__TimeoutMilliseconds" },
            { "ConnectionStrings__Redis", "localhost,connectTimeout=0", "connectTimeout" },
            { "AllowedHosts", "example.com", "AllowedHosts" },
            { "ASPNETCORE_HTTPS_PORTS", "8443", "TLS" },
            { "ASPNETCORE_SHUTDOWNTIMEOUTSECONDS", "5", "FastKv__Http__ShutdownSeconds" },
            { "DOTNET_SHUTDOWNTIMEOUTSECONDS", "x", "FastKv__Http__ShutdownSeconds" },
            { "ASPNETCORE_CAPTURESTARTUPERRORS", "true", "ASPNETCORE_CAPTURESTARTUPERRORS" },
            { "ASPNETCORE_CONTENTROOT", "/nonexistent", "ASPNETCORE_CONTENTROOT" },
            { "Kestrel__Endpoints__Http__Url", "http://localhost:5000", "ASPNETCORE_URLS" },
            { "Kestrel__Endpoints__Http__Url", "nonsense", "ASPNETCORE_URLS" },
            { "Kestrel__Limits__MaxConcurrentConnections", "1", "FastKv__Limits__MaxConnections" },
            { "Logging__LogLevel__Default", "Verbose", "Logging__LogLevel__Default" },
            { "Logging__LogLevel__Default", "INFO", "Information" },
            { "Logging__LogLevel__FastKv", "7", "Logging__LogLevel__FastKv" },
            { "Logging__Console__LogLevel__Default", "warn", "Logging__Console__LogLevel__Default" },
            { "Logging__OpenTelemetry__LogLevel__Default", "x", "Logging__OpenTelemetry__LogLevel__Default" },
            { "Logging__Console__FormatterName", "xml", "Logging__Console__FormatterName" },
            { "Logging__Console__LogToStandardErrorThreshold", "x", "Logging__Console__LogToStandardErrorThreshold" },
            { "Logging__Console__MaxQueueLength", "0", "Logging__Console__MaxQueueLength" },
            { "Logging__Console__QueueFullMode", "x", "Logging__Console__QueueFullMode" },
            {
                "Logging__Console__FormatterOptions__IncludeScopes",
                "x",
                "Logging__Console__FormatterOptions__IncludeScopes"
            },
            {
                "Logging__Console__FormatterOptions__TimestampFormat",
                "%",
                "Logging__Console__FormatterOptions__TimestampFormat"
            },
            { "Logging__Console__Nonsense", "x", "Logging__Console__Nonsense" },
            { "FastKv__LogLevelsFile", "/nowhere/levels.json", "FastKv__LogLevelsFile" },
            { "FastKv__Http__AccessLog", "loud", "FastKv__Http__AccessLog" },
            { "OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317", "OTEL_EXPORTER_OTLP_ENDPOINT" },
            { "OTEL_EXPORTER_OTLP_ENDPOINT", "httpx://localhost:4317", "OTEL_EXPORTER_OTLP_ENDPOINT" },
            { "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "x", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" },
            { "OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL" },
            { "OTEL_EXPORTER_OTLP_HEADERS", "authorization: hunter2", "OTEL_EXPORTER_OTLP_HEADERS" },
            { "OTEL_EXPORTER_OTLP_METRICS_HEADERS", "=x", "OTEL_EXPORTER_OTLP_METRICS_HEADERS" },
            { "OTEL_EXPORTER_OTLP_HEADERS", "a=\u00e9", "OTEL_EXPORTER_OTLP_HEADERS" },
            { "OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "OTEL_EXPORTER_OTLP_TIMEOUT" },
            { "OTEL_METRIC_EXPORT_INTERVAL", "0", "OTEL_METRIC_EXPORT_INTERVAL" },
            { "OTEL_METRIC_EXPORT_TIMEOUT", "-1", "OTEL_METRIC_EXPORT_TIMEOUT" },
            { "OTEL_BSP_SCHEDULE_DELAY", "0", "OTEL_BSP_SCHEDULE_DELAY" },
            { "OTEL_BSP_MAX_QUEUE_SIZE", "many", "OTEL_BSP_MAX_QUEUE_SIZE" },
            { "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100000", "OTEL_BSP_MAX_QUEUE_SIZE" },
            { "OTEL_BLRP_MAX_QUEUE_SIZE", "0", "OTEL_BLRP_MAX_QUEUE_SIZE" },
            { "OTEL_TRACES_SAMPLER", "sometimes", "OTEL_TRACES_SAMPLER" },
            { "OTEL_METRICS_EXPORTER", "zipkin", "OTEL_METRICS_EXPORTER" },
            { "OTEL_SDK_DISABLED", "perhaps", "OTEL_SDK_DISABLED" },
            { "OTEL_TRACES_SAMPLER_ARG", "2", "OTEL_TRACES_SAMPLER_ARG" },
            { "OTEL_RESOURCE_ATTRIBUTES", "nonsense", "OTEL_RESOURCE_ATTRIBUTES" },
            { "FastKv__DataDirectory", "", "FastKv__DataDirectory" },
            { "FastKv__DataDirectory", " ", "FastKv__DataDirectory" },
            { "FastKv__Redis__KeyPrefix", "fastkv:user", "FastKv__Redis__KeyPrefix" },
            { "FastKv__Redis__KeyPrefix", "", "FastKv__Redis__KeyPrefix" },
            { "FastKv__Http__TrustedProxies__0", "", "FastKv__Http__TrustedProxies__0 is empty" },
            { "FastKv__Nonsense", "1", "FastKv__Nonsense" },
            { "FastKv__DataDirectory", "/dev/null/data", "FastKv__DataDirectory" },
            { "FastKv__Redis__Nonsense", "1", "FastKv__Redis__Nonsense" },
            { "FastKv__Redis__KeyPrefix", "a b", "FastKv__Redis__KeyPrefix" },
            { "FastKv__Redis__TimeoutMilliseconds", "1", "FastKv__Redis__TimeoutMilliseconds" },
            { "FastKv__Redis__TimeoutMilliseconds", "two", "FastKv__Redis__TimeoutMilliseconds" },
            { "FastKv__Token__SigningKeys__0", "not base64!", "FastKv__Token__SigningKeys__0" },
            { "FastKv__Token__SigningKeys__0", "c2hvcnQ=", "FastKv__Token__SigningKeys__0" },
            { "FastKv__Token__SigningKeys__1", "c2hvcnQ=", "FastKv__Token__SigningKeys__" },
            { "FastKv__Token__SigningKeys", "c2hvcnQ=", "FastKv__Token__SigningKeys__0" },
            { "FastKv__Token__LifetimeSeconds", "0", "FastKv__Token__LifetimeSeconds" },
            { "FastKv__Token__Issuer", " ", "FastKv__Token__Issuer" },
            { "FastKv__Token__CacheSize", "0", "FastKv__Token__CacheSize" },
            { "FastKv__Passwords__MemoryKiB", "8", "FastKv__Passwords__MemoryKiB" },
            { "FastKv__Passwords__Iterations", "1.5", "FastKv__Passwords__Iterations" },
            { "FastKv__Passwords__Parallelism", "", "FastKv__Passwords__Parallelism" },
            { "FastKv__Passwords__MaxConcurrentHashes", "0", "FastKv__Passwords__MaxConcurrentHashes" },
            { "FastKv__Passwords__MaxQueuedHashes", "-1", "FastKv__Passwords__MaxQueuedHashes" },
            { "FastKv__Limits", "1", "FastKv__Limits" },
            { "FastKv__Limits__MaxConcurrentRequests", "0", "FastKv__Limits__MaxConcurrentRequests" },
            { "FastKv__Limits__MaxConnections", "99999999999", "FastKv__Limits__MaxConnections" },
            { "FastKv__Limits__FailedLoginWindowSeconds", "0", "FastKv__Limits__FailedLoginWindowSeconds" },
            { "FastKv__Limits__MinBytesGraceSeconds", "1", "FastKv__Limits__MinBytesGraceSeconds" },
            { "FastKv__Limits__MaxHeaders__0", "1", "FastKv__Limits__MaxHeaders" },
            { "FastKv__Http__Http2Port", "99999", "FastKv__Http__Http2Port" },
            { "FastKv__Http__ManagementPort", "x", "FastKv__Http__ManagementPort" },
            { "FastKv__Http__DrainSeconds", "-1", "FastKv__Http__DrainSeconds" },
            { "FastKv__Http__ShutdownSeconds", "0", "FastKv__Http__ShutdownSeconds" },
            { "FastKv__Http__TrustedProxies__0", "proxy.example", "FastKv__Http__TrustedProxies__0" },
            { "FastKv__Http__TrustedProxies__0", "10.0.0.0/33", "FastKv__Http__TrustedProxies__0" },
            { "FastKv__Http__TrustedProxies__x", "10.0.0.1", "FastKv__Http__TrustedProxies__x" },
            { "FastKv__Http__AllowedOrigins__0", "app.example.com", "FastKv__Http__AllowedOrigins__0" },
            { "FastKv__Http__AllowedOrigins__0", "https://app.example.com/", "FastKv__Http__AllowedOrigins__0" },
            { "FastKv__Http__AllowedOrigins__0", "https://App.example.com", "FastKv__Http__AllowedOrigins__0" },
            { "FastKv__Http__AllowedOrigins__0", "https://app.example.com:443", "FastKv__Http__AllowedOrigins__0" },
            { "FastKv__Http__AllowedOrigins__0", "https://*.example.com", "FastKv__Http__AllowedOrigins__0" },
            { "FastKv__Http__AllowedOrigins__0", "https://user@example.com", "FastKv__Http__AllowedOrigins__0" },
            { "FastKv__Http__AllowedOrigins__0", "https://b\u00fccher.example", "FastKv__Http__AllowedOrigins__0" },
            { "FastKv__Http__AllowedOrigins__0", "null", "FastKv__Http__AllowedOrigins__0" },
            { "FastKv__Http__AllowedOrigins__0", "https://a.example,https://b.example", "__AllowedOrigins__0" },
            { "FastKv__Http__AllowedOrigins", "*", "FastKv__Http__AllowedOrigins__0" },
        };

    /// <summary>What the host reads from the environment alone, or needs the embedded store, is tried on the whole program.</summary>
    [Theory]
    [MemberData(nameof(Settings))]
    public async Task A_bad_setting_is_refused_with_one_sentence(string name, string value, string named)
    {
        var isAboutKeys = name.StartsWith("FastKv__Token__SigningKeys", StringComparison.Ordinal);
        var isOfTelemetry = name.StartsWith("OTEL_", StringComparison.Ordinal);
        using var directory = new TemporaryDirectory();
        (string Name, string? Value)[] settings =
        [
            ("FastKv__DataDirectory", directory.Path),
            ("FastKv__Token__SigningKeys__0", isAboutKeys ? null : GoodKey),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", isOfTelemetry ? "http://127.0.0.1:1" : null),
            (name, value),
        ];
        if (ProgramOnly.Any(start => name.StartsWith(start, StringComparison.Ordinal)))
        {
            await ExpectSentenceAsync(named, settings);
            return;
        }

        string[] args =
        [
            "--urls=http://127.0.0.1:1",
            $"--ConnectionStrings:Redis={Redis}",
            .. settings
                .Where(setting => setting.Value is not null)
                .Select(setting => $"--{setting.Name.Replace("__", ":", StringComparison.Ordinal)}={setting.Value}"),
        ];
        var refusal = Assert.Throws<InvalidSettingException>(() => ServiceSetup.CreateBuilder(args, out _));
        ExpectSentence(named, refusal.Message);
    }

    [Theory]
    [InlineData("ConnectionStrings__Redis", "postgres://user:hunter2@localhost", "rediss://")]
    [InlineData("Logging__LogLevel__Default", "Verbose", "Logging__LogLevel__Default")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "authorization: hunter2", "OTEL_EXPORTER_OTLP_HEADERS")]
    [InlineData("FastKv__Token__SigningKeys__0", "c2hvcnQ=", "FastKv__Token__SigningKeys__0")]
    public Task A_bad_setting_ends_the_program_with_one_sentence(string name, string value, string named) =>
        ExpectSentenceAsync(
            named,
            ("ConnectionStrings__Redis", Redis),
            ("FastKv__Token__SigningKeys__0", GoodKey),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
            (name, value)
        );

    [Fact]
    public Task A_Redis_without_a_signing_key_ends_the_program() =>
        ExpectSentenceAsync("FastKv__Token__SigningKeys__0", ("ConnectionStrings__Redis", Redis));

    [Fact]
    public async Task An_address_in_use_ends_the_program()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await ExpectSentenceAsync($"{port}", ("ASPNETCORE_URLS", $"http://127.0.0.1:{port}"));
        await ExpectSentenceAsync($"{port}", ("ASPNETCORE_URLS", $"http://localhost:{port}"));
        await ExpectSentenceAsync($"{port}", ("FastKv__Http__ManagementPort", $"{port}"));
    }

    [Fact]
    public Task A_port_that_is_named_twice_ends_the_program()
    {
        var port = $"{Wait.FreePort()}";
        return ExpectSentenceAsync("twice", ("FastKv__Http__ManagementPort", port), ("FastKv__Http__Http2Port", port));
    }

    [Fact]
    public Task A_port_that_is_none_ends_the_program() =>
        ExpectSentenceAsync("ASPNETCORE_HTTP_PORTS", ("ASPNETCORE_URLS", null), ("ASPNETCORE_HTTP_PORTS", "eight"));

    [Fact]
    public async Task A_file_of_settings_that_can_not_be_read_ends_the_program()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(
            Path.Combine(directory.Path, "appsettings.json"),
            "{ nonsense",
            TestContext.Current.CancellationToken
        );

        await ExpectSentenceAsync("appsettings.json", ("ASPNETCORE_CONTENTROOT", directory.Path));
    }

    /// <summary>A variable that is there and empty, as templates leave it, is one that is not there.</summary>
    [Fact]
    public async Task What_is_empty_is_not_set()
    {
        using var directory = new TemporaryDirectory();
        string[] names =
        [
            "AllowedHosts",
            "ASPNETCORE_HTTPS_PORTS",
            "ASPNETCORE_CAPTURESTARTUPERRORS",
            "ConnectionStrings__Redis",
            "Logging__LogLevel__Default",
            "Logging__Console__FormatterName",
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "OTEL_METRIC_EXPORT_INTERVAL",
            "OTEL_BSP_MAX_QUEUE_SIZE",
            "OTEL_TRACES_SAMPLER",
            "OTEL_TRACES_SAMPLER_ARG",
            "OTEL_SERVICE_NAME",
            "OTEL_RESOURCE_ATTRIBUTES",
            "FastKv__Http__Http2Port",
        ];
        await using var service = await FastKvProcess.StartAsync(
            null,
            [
                ("FastKv__DataDirectory", directory.Path),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
                .. names.Select(name => (name, (string?)"")),
            ]
        );

        Assert.StartsWith("{", service.Log.TrimStart(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_right_is_taken()
    {
        using var directory = new TemporaryDirectory();
        await using var service = await FastKvProcess.StartAsync(
            null,
            ("FastKv__DataDirectory", directory.Path),
            ("AllowedHosts", "*"),
            ("Logging__LogLevel__Default", "information"),
            ("Logging__Console__FormatterName", "Systemd"),
            ("Logging__Console__FormatterOptions__TimestampFormat", "HH:mm:ss "),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20YTpi, x-scope=a"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "5000"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "1024"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test,team=a b")
        );

        Assert.Contains("<6>", service.Log, StringComparison.Ordinal);
    }

    [Fact]
    public Task Any_origin_and_a_named_one_end_the_program() =>
        ExpectSentenceAsync(
            "FastKv__Http__AllowedOrigins__1",
            ("FastKv__Http__AllowedOrigins__0", "https://app.example.com"),
            ("FastKv__Http__AllowedOrigins__1", "*")
        );

    private static void ExpectSentence(string named, string message)
    {
        Assert.Matches("^[^\n]+[.)]$", message);
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
    }

    private static async Task ExpectSentenceAsync(string named, params (string Name, string? Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "FastKv.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{Wait.FreePort()}";
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        using var program = Process.Start(start)!;
        try
        {
            var outputAsync = program.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var error = await program.StandardError.ReadToEndAsync(limit.Token);
            await program.WaitForExitAsync(limit.Token);

            Assert.True(program.ExitCode == 1, $"Exit code {program.ExitCode}: {error}");
            ExpectSentence(named, error.ReplaceLineEndings("\n")[..^1]);
            Assert.DoesNotContain("   at ", await outputAsync, StringComparison.Ordinal);
        }
        finally
        {
            if (!program.HasExited)
            {
                program.Kill();
            }
        }
    }
}
