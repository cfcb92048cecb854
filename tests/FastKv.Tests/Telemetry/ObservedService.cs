using System.Security.Cryptography;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Telemetry;

/// <summary>A service that sends its telemetry to a receiver of its own and has a management port.</summary>
[CollectionDefinition(Collection)]
public sealed class ObservedService(ServiceFixture fixture) : IAsyncLifetime, ICollectionFixture<ObservedService>
{
    /// <summary>The tests that share it.</summary>
    public const string Collection = "Observed service";

    private readonly TemporaryDirectory dataDirectory = new();
    private FastKvProcess service = null!;

    internal OtlpReceiver Receiver { get; private set; } = null!;

    internal ApiClient Api => service.Api;

    /// <summary>Talks to the management port.</summary>
    internal ApiClient Management { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Receiver = await OtlpReceiver.StartAsync();
        var port = Wait.FreePort();
        Management = new ApiClient(new Uri($"http://127.0.0.1:{port}"));
        service = await FastKvProcess.StartAsync(
            fixture.Redis,
            [
                .. Receiver.Settings,
                ("FastKv__DataDirectory", dataDirectory.Path),
                ("FastKv__Http__ManagementPort", $"{port}"),
            ]
        );
    }

    public async ValueTask DisposeAsync()
    {
        Management.Dispose();
        await service.DisposeAsync();
        await Receiver.DisposeAsync();
        dataDirectory.Dispose();
    }

    /// <summary>The spans of a trace, when its server span has come. A server span ends after those below it.</summary>
    internal static async Task<IReadOnlyList<Span>> SpansAsync(OtlpReceiver receiver, Caller caller)
    {
        IReadOnlyList<Span> spans = [];
        await Wait.UntilAsync(
            "the server span has come",
            () =>
            {
                spans = [.. receiver.Spans.Where(span => span.TraceId == caller.TraceId)];
                return Task.FromResult(spans.Any(span => span.Kind == SpanKind.Server));
            }
        );
        return spans;
    }
}

/// <summary>A caller that traces (W3C Trace Context), whose trace begins here.</summary>
internal sealed class Caller(bool sampled = true)
{
    public string TraceId { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    public string SpanId { get; } = RandomNumberGenerator.GetHexString(16, lowercase: true);

    public (string Name, string Value) Header => ("traceparent", $"00-{TraceId}-{SpanId}-{(sampled ? "01" : "00")}");
}
