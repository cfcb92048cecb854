using System.Net;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Telemetry;

[Collection(ObservedService.Collection)]
public sealed class MetricTests(ObservedService service)
{
    private readonly ApiClient api = service.Api;

    [Fact]
    public async Task The_metrics_have_their_names_units_and_attributes()
    {
        var token = await api.NewUserTokenAsync();
        (await api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);
        (await api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK);
        (await api.RetrieveAsync(token, "other")).Expect(HttpStatusCode.NotFound);

        // Another test may have let the same errors be sent before this one's requests.
        await Wait.UntilAsync(
            "the metrics of the requests have come",
            () =>
                Task.FromResult(
                    service.Receiver.Metrics.TryGetValue("fastkv.errors", out var errors)
                        && errors.Points.Any(point => point.Attributes["fastkv.error.code"] == "KEY_NOT_FOUND")
                        && service.Receiver.Metrics.ContainsKey("fastkv.password.hash.duration")
                        && service.Receiver.Metrics.TryGetValue("fastkv.token.cache.lookups", out var lookups)
                        && lookups.Points.Any(point => point.Attributes["fastkv.cache.result"] == "hit")
                )
        );

        Has("http.server.request.duration", "s", "histogram", ("http.route", "/api/data/{key}"));
        Has("db.client.operation.duration", "s", "histogram", ("db.operation.name", "GET"));
        Has("db.client.operation.duration", "s", "histogram", ("db.system.name", "redis"));
        Has("fastkv.errors", "{error}", "counter", ("fastkv.error.code", "KEY_NOT_FOUND"));
        Has("fastkv.password.hash.wait.duration", "s", "histogram");
        Has("fastkv.password.hash.duration", "s", "histogram");
        Has("fastkv.token.cache.lookups", "{lookup}", "counter", ("fastkv.cache.result", "miss"));
        Has("fastkv.token.cache.lookups", "{lookup}", "counter", ("fastkv.cache.result", "hit"));
        Has("fastkv.password.hash.queue.length", "{hash}", "updowncounter");
        Has("fastkv.requests.in_flight", "{request}", "updowncounter");
        Has("fastkv.redis.connected", "{connection}", "gauge", ("server.address", "127.0.0.1"));
        Has("kestrel.active_connections", "{connection}", "updowncounter");
        Has("dotnet.process.cpu.time", "s", "counter");
        Assert.DoesNotContain(
            service.Receiver.Metrics["http.server.request.duration"].Points,
            point =>
                point.Attributes.GetValueOrDefault("http.route", "").StartsWith("/health", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Counters_are_there_at_zero_before_anything_happens()
    {
        var metrics = (await service.Management.GetAsync("/metrics")).Expect(HttpStatusCode.OK).Text;

        foreach (
            var series in (string[])
                [
                    """fastkv_error_code="INTERNAL_ERROR"} 0""",
                    """fastkv_limit="descriptors"} 0""",
                    """fastkv_limiter="address"} 0""",
                    """fastkv_session_scope="all"} """,
                    "fastkv_requests_shed_total{",
                    "fastkv_memory_refusals_total{",
                    "fastkv_tokens_renewed_total{",
                ]
        )
        {
            Assert.Contains(series, metrics, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Prometheus_scrapes_the_management_port()
    {
        await api.RetrieveAsync("no token", "k");

        // The server counts a request when its answer is already on its way, and a scrape is answered from the last one for a moment.
        Reply reply = null!;
        await Wait.UntilAsync(
            "the request is counted",
            async () =>
            {
                reply = (await service.Management.GetAsync("/metrics")).Expect(HttpStatusCode.OK);
                return reply.Text.Contains("\nhttp_server_request_duration_seconds_bucket{", StringComparison.Ordinal);
            }
        );

        Assert.StartsWith("text/plain", reply.Headers["Content-Type"], StringComparison.Ordinal);
        foreach (
            var name in (string[])
                [
                    "fastkv_errors_total{",
                    "db_client_operation_duration_seconds_bucket{",
                    "fastkv_password_hash_queue_length{",
                    "kestrel_active_connections{",
                    "dotnet_process_cpu_time_seconds_total{",
                ]
        )
        {
            Assert.Contains($"\n{name}", reply.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_port_of_the_API_does_not_show_metrics_whatever_host_is_asked_for()
    {
        var reply = await api.SendAsync(
            HttpMethod.Get,
            "/metrics",
            headers: ("Host", service.Management.Address.Authority)
        );

        Assert.Equal(HttpStatusCode.NotFound, reply.Status);
        Assert.Equal("NOT_FOUND", reply.Code);
    }

    private void Has(string name, string unit, string kind, params (string Name, string Value)[] attributes)
    {
        Assert.Contains(name, service.Receiver.Metrics);
        var metric = service.Receiver.Metrics[name];
        Assert.Equal(unit, metric.Unit);
        Assert.Equal(
            kind switch
            {
                "counter" => ("sum", true),
                "updowncounter" => ("sum", false),
                _ => (kind, false),
            },
            (metric.Kind, metric.Monotonic)
        );
        Assert.Contains(
            metric.Points,
            point => attributes.All(a => point.Attributes.GetValueOrDefault(a.Name) == a.Value)
        );
    }
}
