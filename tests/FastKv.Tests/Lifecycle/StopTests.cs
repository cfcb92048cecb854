using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastKv.Tests.Abuse;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Lifecycle;

public sealed class StopTests(ServiceFixture fixture)
{
    private static readonly (string, string?) NoMinimumRate = ("FastKv__Limits__MinBytesPerSecond", "0");

    [Fact]
    public async Task SIGTERM_makes_it_not_ready_then_closes_the_listener_then_finishes_what_is_in_flight()
    {
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Http__DrainSeconds", "4"),
            ("FastKv__Http__ShutdownSeconds", "60"),
            NoMinimumRate
        );
        var body = ApiClient.Registration().ToJsonString();
        using var inFlight = await RawConnection.OpenAsync(service.Address);
        await inFlight.SendAsync(
            "POST /api/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body[..10]}"
        );
        using var idle = await RawConnection.OpenAsync(service.Address);
        await idle.SendAsync("GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(200, (await idle.ReadAsync())!.Status);

        service.Process.Signal("TERM");

        // Not ready, and still serving: new connections, and answers that ask to close them.
        await Wait.UntilAsync("it is not ready", async () => !await service.Api.IsReadyAsync());
        Assert.Contains("stopping", (await service.Api.GetAsync("/health/ready")).Text, StringComparison.Ordinal);
        (await service.Api.GetAsync("/health/live")).Expect(HttpStatusCode.OK);
        using (var late = await RawConnection.OpenAsync(service.Address))
        {
            await late.SendAsync("GET /api/data/key HTTP/1.1\r\nHost: x\r\n\r\n");
            var answer = await late.ReadAsync();
            Assert.Equal(401, answer!.Status);
            Assert.Equal("close", answer.Header("Connection"));
            Assert.Null(await late.ReadAsync());
        }

        // The idle connection gets an orderly end, not a reset.
        Assert.Null(await idle.ReadAsync());
        await Wait.UntilAsync("the listener is closed", async () => !await AcceptsAsync(service.Address));
        Assert.False(service.Process.HasExited);

        await inFlight.SendAsync(body[10..]);

        var last = await inFlight.ReadAsync();
        Assert.Equal(201, last!.Status);
        Assert.Equal("close", last.Header("Connection"));
        Assert.Null(await inFlight.ReadAsync());
        Assert.Equal(0, await service.Process.ExitCodeAsync());
    }

    [Fact]
    public async Task HTTP2_clients_are_sent_away_without_losing_a_request()
    {
        var port = Wait.FreePort();
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Http__DrainSeconds", "3"),
            ("FastKv__Http__Http2Port", $"{port}")
        );
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var target = new Uri($"http://127.0.0.1:{port}/api/data/key");
        async Task<HttpStatusCode> GetAsync()
        {
            using var response = await client.GetAsync(target, CancellationToken.None);
            return response.StatusCode;
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync());
        service.Process.Signal("TERM");
        await Wait.UntilAsync("it is not ready", async () => !await service.Api.IsReadyAsync());

        var statuses = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => GetAsync()));

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Equal(0, await service.Process.ExitCodeAsync());
    }

    [Fact]
    public async Task A_request_that_never_ends_is_cut_when_the_time_is_up()
    {
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Http__ShutdownSeconds", "1"),
            NoMinimumRate
        );
        using var endless = await RawConnection.OpenAsync(service.Address);
        await endless.SendAsync(
            "POST /api/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        );
        (await service.Api.GetAsync("/health/live")).Expect(HttpStatusCode.OK);

        var exitCode = await service.Process.TerminateAsync(TimeSpan.FromSeconds(20));

        Assert.True(exitCode == 0, $"{exitCode}: {service.Process.Log}");
        Assert.DoesNotContain("Unhandled", service.Process.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_does_not_wait_for_balancers()
    {
        Assert.SkipWhen(IgnoresInterrupts(), "This test was started with SIGINT ignored, and so is what it starts.");
        await using var service = await OwnService.StartAsync(fixture, ("FastKv__Http__DrainSeconds", "600"));
        var watch = Stopwatch.StartNew();

        service.Process.Signal("INT");

        Assert.Equal(0, await service.Process.ExitCodeAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(25), $"It took {watch.Elapsed}.");
    }

    private static async Task<bool> AcceptsAsync(Uri address)
    {
        try
        {
            using var connection = await RawConnection.OpenAsync(address);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    internal static bool IgnoresInterrupts()
    {
        const string ignored = "SigIgn:";
        const ulong interrupt = 1 << 1;
        return File.Exists("/proc/self/status")
            && File.ReadLines("/proc/self/status")
                .FirstOrDefault(line => line.StartsWith(ignored, StringComparison.Ordinal))
                is { } mask
            && (Convert.ToUInt64(mask[ignored.Length..].Trim(), 16) & interrupt) != 0;
    }
}
