using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using FastKv.Telemetry;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace FastKv.Tests.Telemetry;

public sealed class InstrumentTests
{
    private static readonly RedisTelemetry Redis = new(new DnsEndPoint("redis.example.com", 6380));

    [Fact]
    public void With_nobody_listening_nothing_is_allocated()
    {
        Use();
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1000; i++)
        {
            Use();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Use()
        {
            Assert.False(RedisTelemetry.IsOn);
            Instruments.CountError("KEY_NOT_FOUND");
            Instruments.CountTokenLookup(hit: true);
            Instruments.CountLimiterRejection("username");
            Instruments.CountShed();
            Instruments.RecordHash(TimeSpan.Zero, TimeSpan.Zero);
        }
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("http://localhost:4317", true)]
    public void OpenTelemetry_is_there_only_if_it_has_an_endpoint(string? endpoint, bool expected)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint;

        builder.AddTelemetry();

        var registered = builder.Services.Any(service =>
            service.ServiceType.FullName!.StartsWith("OpenTelemetry.", StringComparison.Ordinal)
        );
        Assert.Equal(expected, registered);
    }

    [Fact]
    public void A_failed_command_is_a_client_span_that_names_the_server_and_the_fault()
    {
        var spans = new List<Activity>();

        // The instruments are those of the process, in which other tests are at work; this one stays on its thread.
        var thread = Environment.CurrentManagedThreadId;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Instruments.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if (Environment.CurrentManagedThreadId == thread)
                {
                    spans.Add(span);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        Redis.Start("GET").Fail("Timeout");

        var span = Assert.Single(spans);
        Assert.Equal("GET", span.OperationName);
        Assert.Equal(ActivityKind.Client, span.Kind);
        Assert.Equal("GET", span.GetTagItem("db.operation.name"));
        Assert.Equal("redis.example.com", span.GetTagItem("server.address"));
        Assert.Equal(6380, span.GetTagItem("server.port"));
        Assert.Equal("Timeout", span.GetTagItem("error.type"));
        Assert.Equal(ActivityStatusCode.Error, span.Status);
    }

    [Fact]
    public void What_is_counted_has_its_name_unit_and_attributes()
    {
        var seen = new List<string>();
        var thread = Environment.CurrentManagedThreadId;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, subscriber) =>
        {
            if (instrument.Meter.Name == Instruments.Name)
            {
                subscriber.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => See(instrument, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => See(instrument, tags));
        listener.Start();

        Instruments.CountLimiterRejection("address");
        Instruments.CountShed();
        Redis.Start("GET").Fail("Timeout");

        Assert.Equal(
            [
                "fastkv.login.limiter.rejections {login} fastkv.limiter=address",
                "fastkv.requests.shed {request}",
                "db.client.operation.duration s db.system.name=redis db.operation.name=GET "
                    + "server.address=redis.example.com server.port=6380 error.type=Timeout",
            ],
            seen
        );

        void See(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (Environment.CurrentManagedThreadId == thread)
            {
                seen.Add(
                    string.Join(
                        ' ',
                        [instrument.Name, instrument.Unit, .. tags.ToArray().Select(t => $"{t.Key}={t.Value}")]
                    )
                );
            }
        }
    }
}
