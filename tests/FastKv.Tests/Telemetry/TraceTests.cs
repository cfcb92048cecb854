using System.Text.Json.Nodes;
using FastKv.Configuration;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Telemetry;

[Collection(ObservedService.Collection)]
public sealed class TraceTests(ObservedService service)
{
    private readonly ApiClient api = service.Api;

    private static readonly string[] ServerAttributes =
    [
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "network.protocol.version",
        "server.address",
        "server.port",
        "url.path",
        "url.scheme",
    ];

    [Fact]
    public async Task Each_operation_is_a_server_span_under_its_caller_with_its_Redis_commands_below()
    {
        var name = ApiClient.NewName();
        var credentials = new JsonObject { ["username"] = name, ["password"] = "secure_password123" };
        var entry = new JsonObject { ["key"] = "k", ["value"] = "v" };

        await TraceAsync(HttpMethod.Post, "/api/register", "/api/register", ApiClient.Registration(name), "EVAL");
        await TraceAsync(HttpMethod.Post, "/api/token", "/api/token", credentials, "HGETALL");
        var token = await api.SignInAsync(name);
        await TraceAsync(HttpMethod.Post, "/api/data", "/api/data", entry, "EVALSHA", token);
        await TraceAsync(HttpMethod.Get, "/api/data/k?a=b", "/api/data/{key}", null, "GET", token);
        await TraceAsync(HttpMethod.Put, "/api/data/k", "/api/data/{key}", entry, "EVALSHA", token);
        await TraceAsync(HttpMethod.Delete, "/api/data/k", "/api/data/{key}", null, "EVALSHA", token);
    }

    [Fact]
    public async Task Of_GETs_that_go_to_Redis_together_each_is_below_the_request_that_waits_for_it()
    {
        var token = await api.NewUserTokenAsync();
        var callers = Enumerable.Range(0, 50).Select(_ => new Caller()).ToList();

        await Task.WhenAll(
            callers.Select(caller => api.SendAsync(HttpMethod.Get, "/api/data/k", token, headers: caller.Header))
        );

        foreach (var caller in callers)
        {
            var spans = await ObservedService.SpansAsync(service.Receiver, caller);
            Assert.Equal(2, spans.Count);
            var command = Assert.Single(spans, span => span.Kind == SpanKind.Client);
            Assert.Equal("GET", command.Name);
            Assert.Equal(spans.Single(span => span.Kind == SpanKind.Server).SpanId, command.ParentId);
        }
    }

    [Fact]
    public async Task A_caller_who_does_not_sample_is_not_traced()
    {
        var unsampled = new Caller(sampled: false);
        var sampled = new Caller();

        await api.SendAsync(HttpMethod.Get, "/api/data/k", headers: unsampled.Header);
        await api.SendAsync(HttpMethod.Get, "/api/data/k", headers: sampled.Header);

        await ObservedService.SpansAsync(service.Receiver, sampled);
        Assert.DoesNotContain(service.Receiver.Spans, span => span.TraceId == unsampled.TraceId);
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/docs")]
    public async Task What_orchestrators_and_readers_ask_is_not_traced(string path)
    {
        var asking = new Caller();
        var working = new Caller();

        await api.SendAsync(HttpMethod.Get, path, headers: asking.Header);
        await api.SendAsync(HttpMethod.Get, "/api/data/k", headers: working.Header);

        await ObservedService.SpansAsync(service.Receiver, working);
        Assert.DoesNotContain(service.Receiver.Spans, span => span.TraceId == asking.TraceId);
    }

    [Fact]
    public async Task A_path_without_a_route_does_not_show()
    {
        var caller = new Caller();

        await api.SendAsync(HttpMethod.Get, "/api/somewhere/else", headers: caller.Header);

        var span = Assert.Single(await ObservedService.SpansAsync(service.Receiver, caller));
        Assert.Equal("GET", span.Name);
        Assert.DoesNotContain("url.path", span.Attributes);
    }

    [Fact]
    public async Task A_method_that_HTTP_does_not_know_does_not_show()
    {
        var caller = new Caller();

        await api.SendAsync(new HttpMethod("SECRET"), "/api/data/k", headers: caller.Header);

        var span = Assert.Single(await ObservedService.SpansAsync(service.Receiver, caller));
        Assert.StartsWith("HTTP", span.Name, StringComparison.Ordinal);
        Assert.Equal("_OTHER", span.Attributes["http.request.method"]);
    }

    [Fact]
    public async Task Every_signal_names_the_service()
    {
        await api.NewUserTokenAsync();

        foreach (var signal in (string[])["traces", "metrics", "logs"])
        {
            await Wait.UntilAsync(
                $"{signal} have come",
                () => Task.FromResult(service.Receiver.Resources(signal).Count > 0)
            );
            Assert.All(
                service.Receiver.Resources(signal),
                resource =>
                {
                    Assert.Equal("fastkv", resource["service.name"]);
                    Assert.Equal(ServiceVersion.Text, resource["service.version"]);
                    Assert.NotEmpty((string)resource["service.instance.id"]!);
                }
            );
        }
    }

    private async Task TraceAsync(
        HttpMethod method,
        string target,
        string route,
        JsonNode? body,
        string command,
        string? token = null
    )
    {
        var caller = new Caller();
        var content = body is null ? null : ApiClient.Json(body.ToJsonString());
        var reply = await api.SendAsync(method, target, token, content, caller.Header);
        Assert.True((int)reply.Status < 300, reply.Text);

        var spans = await ObservedService.SpansAsync(service.Receiver, caller);
        var server = Assert.Single(spans, span => span.Kind == SpanKind.Server);
        Assert.Equal(caller.SpanId, server.ParentId);
        Assert.Equal($"{method} {route}", server.Name);
        Assert.Equal(route, server.Attributes["http.route"]);
        Assert.Equal(route, server.Attributes["url.path"]);
        Assert.Equal($"{(int)reply.Status}", server.Attributes["http.response.status_code"]);
        Assert.Subset(ServerAttributes.ToHashSet(), server.Attributes.Keys.ToHashSet());
        Assert.False(server.Failed);

        var commands = spans.Where(span => span.Kind == SpanKind.Client).ToList();
        Assert.Equal(spans.Count - 1, commands.Count);
        Assert.Contains(commands, span => span.Name == command);
        Assert.All(
            commands,
            span =>
            {
                Assert.Equal(server.SpanId, span.ParentId);
                Assert.Equal("redis", span.Attributes["db.system.name"]);
                Assert.Equal(span.Name, span.Attributes["db.operation.name"]);
                Assert.NotEmpty(span.Attributes["server.address"]);
                Assert.NotEmpty(span.Attributes["server.port"]);
                Assert.Equal(4, span.Attributes.Count);
                Assert.False(span.Failed);
            }
        );
    }
}
