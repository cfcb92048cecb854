using System.Net;
using FastKv.Telemetry;
using FastKv.Tests.Harness;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace FastKv.Tests.Telemetry;

public sealed class ExportTests(ServiceFixture fixture)
{
    [Fact]
    public async Task Each_signal_goes_where_it_is_told_and_nowhere_if_it_is_told_so()
    {
        using var data = new TemporaryDirectory();
        await using var common = await OtlpReceiver.StartAsync();
        await using var ofTraces = await OtlpReceiver.StartAsync();
        await using var service = await FastKvProcess.StartAsync(
            fixture.Redis,
            [
                .. common.Settings,
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", $"{ofTraces.Address}/v1/traces"),
                ("OTEL_METRICS_EXPORTER", "none"),
                ("FastKv__DataDirectory", data.Path),
            ]
        );

        (await service.Api.RetrieveAsync(await service.Api.NewUserTokenAsync(), "k")).Expect(HttpStatusCode.NotFound);

        await Wait.UntilAsync(
            "traces and logs have come",
            () => Task.FromResult(ofTraces.Spans.Count > 0 && common.Logs.Count > 0)
        );
        Assert.Equal(0, await service.TerminateAsync());
        Assert.Empty(common.Spans);
        Assert.Empty(common.Metrics);
        Assert.Empty(ofTraces.Logs);
        Assert.Empty(ofTraces.Metrics);
    }

    [Fact]
    public async Task Requests_of_the_warm_up_are_not_traced_whatever_the_sampler()
    {
        using var data = new TemporaryDirectory();
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var service = await FastKvProcess.StartAsync(
            fixture.Redis,
            [
                .. receiver.Settings,
                ("OTEL_TRACES_SAMPLER", "always_on"),
                ("FastKv__Http__WarmUpSeconds", "1"),
                ("FastKv__DataDirectory", data.Path),
            ]
        );
        var caller = new Caller();
        await service.Api.SendAsync(HttpMethod.Get, "/api/data/k", null, null, [caller.Header]);

        await ObservedService.SpansAsync(receiver, caller);
        Assert.All(
            receiver.Spans.Where(span => span.Kind == SpanKind.Server),
            span => Assert.Equal(caller.TraceId, span.TraceId)
        );
    }

    [Fact]
    public async Task A_receiver_that_is_not_there_is_told_of_once()
    {
        using var data = new TemporaryDirectory();
        await using var service = await FastKvProcess.StartAsync(
            fixture.Redis,
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
            ("FastKv__DataDirectory", data.Path)
        );

        await Wait.UntilAsync("it is told", () => Task.FromResult(Lines(service).Count > 0));
        await service.Api.NewUserTokenAsync();
        Assert.Equal(0, await service.TerminateAsync());

        var line = Assert.Single(Lines(service));
        Assert.Contains("to 127.0.0.1:1: connection refused", line, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", service.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void Failures_are_told_at_once_and_then_once_a_minute_with_their_number()
    {
        var time = new FakeTimeProvider();
        var log = new RecordedLog<ExportFailures>();
        using var failures = new ExportFailures(time, log);

        failures.Add("a:1", "connection refused");
        failures.Add("a:1", "connection refused");
        time.Advance(TimeSpan.FromSeconds(59));
        failures.Add("a:1", "connection refused");
        Assert.Single(log.Lines);
        time.Advance(TimeSpan.FromSeconds(1));
        failures.Add("a:1", "status 503");

        Assert.Equal(2, log.Lines.Count);
        Assert.Contains("refused; 1 exports", log.Lines[0], StringComparison.Ordinal);
        Assert.Contains("status 503; 3 exports", log.Lines[1], StringComparison.Ordinal);
    }

    private static List<string> Lines(FastKvProcess service) =>
        [.. service.Log.Split('\n').Where(line => line.Contains("can't be delivered", StringComparison.Ordinal))];
}
