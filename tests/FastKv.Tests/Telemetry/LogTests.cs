using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Telemetry;

/// <summary>What is told of failures, by a service whose Redis is not there.</summary>
public sealed class LogTests
{
    private const string NoRedis = "127.0.0.1:1";
    private static readonly JsonObject Credentials = new() { ["username"] = "u", ["password"] = "p" };

    [Fact]
    public async Task The_answer_the_log_and_the_trace_of_a_failure_share_an_id()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var service = await LaunchAsync(receiver.Settings);
        var caller = new Caller();

        var reply = await FailAsync(service, caller);

        Assert.Equal(caller.TraceId, reply.Json["trace_id"]!.GetValue<string>());
        var spans = await ObservedService.SpansAsync(receiver, caller);
        var server = Assert.Single(spans, span => span.Kind == SpanKind.Server);
        Assert.True(server.Failed);
        var commands = spans.Where(span => span.Kind == SpanKind.Client).ToList();
        Assert.NotEmpty(commands);
        Assert.All(commands, command => Assert.True(command.Failed));
        Assert.All(commands, command => Assert.NotEmpty(command.Attributes["error.type"]));
        await Wait.UntilAsync(
            "the log has come",
            () =>
                Task.FromResult(
                    receiver.Logs.Any(line =>
                        line.TraceId == caller.TraceId
                        && line.Text.Contains("STORE_UNAVAILABLE", StringComparison.Ordinal)
                    )
                )
        );
        var line = await JsonLineAsync(service, caller.TraceId);
        Assert.Equal("Warning", line["LogLevel"]!.GetValue<string>());
        Assert.Contains(
            line["Scopes"]!.AsArray(),
            scope =>
                scope!["TraceId"]?.GetValue<string>() == caller.TraceId
                && scope["SpanId"]?.GetValue<string>() == server.SpanId
        );
    }

    [Fact]
    public async Task Without_telemetry_the_answer_and_the_log_share_the_id_of_the_caller()
    {
        await using var service = await LaunchAsync([]);
        var caller = new Caller();

        var reply = await FailAsync(service, caller);

        Assert.Equal(caller.TraceId, reply.Json["trace_id"]!.GetValue<string>());
        var line = await JsonLineAsync(service, caller.TraceId);
        Assert.Equal(caller.TraceId, line["State"]!["TraceId"]!.GetValue<string>());
    }

    [Fact]
    public async Task Name_instance_sampler_and_log_format_can_be_chosen()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var service = await LaunchAsync([
            .. receiver.Settings,
            ("OTEL_SERVICE_NAME", "other"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=fastkv-0,k8s.pod.name=fastkv-0"),
            ("OTEL_TRACES_SAMPLER", "always_off"),
            ("Logging__Console__FormatterName", "simple"),
        ]);

        await FailAsync(service, new Caller());

        Assert.Equal(0, await service.TerminateAsync());
        Assert.Empty(receiver.Spans);
        Assert.NotEmpty(receiver.Metrics);
        Assert.NotEmpty(receiver.Logs);
        Assert.All(
            (string[])["metrics", "logs"],
            signal =>
            {
                var resource = receiver.Resources(signal)[0];
                Assert.Equal("other", resource["service.name"]);
                Assert.Equal("fastkv-0", resource["service.instance.id"]);
                Assert.Equal("fastkv-0", resource["k8s.pod.name"]);
            }
        );
        Assert.StartsWith("info: ", service.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_is_no_URL_stops_the_program()
    {
        await using var service = FastKvProcess.Launch(NoRedis, ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector"));

        Assert.Equal(1, await service.ExitCodeAsync());
        Assert.Equal(
            "OTEL_EXPORTER_OTLP_ENDPOINT must be the URL of an OTLP receiver, for example http://localhost:4317, or not be set.",
            service.Log
        );
    }

    private static async Task<FastKvProcess> LaunchAsync((string, string?)[] settings)
    {
        var service = FastKvProcess.Launch(NoRedis, settings);
        await Wait.UntilAsync(
            "the service answers",
            async () =>
            {
                try
                {
                    await service.Api.GetAsync("/health/live");
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            }
        );
        return service;
    }

    private static async Task<Reply> FailAsync(FastKvProcess service, Caller caller)
    {
        var content = ApiClient.Json(Credentials.ToJsonString());
        var reply = await service.Api.SendAsync(HttpMethod.Post, "/api/token", null, content, caller.Header);
        return reply.Expect(HttpStatusCode.ServiceUnavailable);
    }

    /// <summary>The first line of the log that names the trace; a log is written a little after the answer.</summary>
    private static async Task<JsonNode> JsonLineAsync(FastKvProcess service, string traceId)
    {
        string? found = null;
        await Wait.UntilAsync(
            "the log names the trace",
            () =>
            {
                found = service.Log.Split('\n').FirstOrDefault(l => l.Contains(traceId, StringComparison.Ordinal));
                return Task.FromResult(found is not null);
            }
        );
        return JsonNode.Parse(found!)!;
    }
}
