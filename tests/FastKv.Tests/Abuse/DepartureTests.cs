using System.Globalization;
using System.Net.Sockets;
using FastKv.Tests.Harness;
using FastKv.Tests.Server;
using Xunit;

namespace FastKv.Tests.Abuse;

/// <summary>
/// Clients that go away, at any point of any request and in any way: none of it is worth a line in the log, and nothing stays
/// behind.
/// </summary>
public sealed class DepartureTests(ServiceFixture fixture, ITestOutputHelper output)
{
    /// <summary>Clients that do the same at once.</summary>
    private const int Clients = 10;

    /// <summary>More than the socket's buffers and the windows of HTTP/2 take at once.</summary>
    private static readonly string Large = new('v', 256 * 1024);

    private enum Departure
    {
        /// <summary>FIN, and still reading.</summary>
        HalfClose,

        /// <summary>FIN by the end of the program; RST if there is something to read.</summary>
        Close,

        /// <summary>RST.</summary>
        Cut,

        /// <summary>RST_STREAM (RFC 9113, 6.4), and the connection goes on.</summary>
        ResetStream,

        /// <summary>GOAWAY (RFC 9113, 6.8), then FIN.</summary>
        GoAway,
    }

    [Fact]
    public async Task Clients_of_HTTP1_that_go_away_leave_nothing_behind()
    {
        await using var service = await WatchedService.StartAsync(fixture);
        var token = await service.Api.NewUserTokenAsync();
        await service.Api.StoreAsync(token, "large", Large);
        foreach (var request in Requests(token))
        {
            foreach (var sent in Cuts(request))
            {
                foreach (var departure in (Departure[])[Departure.HalfClose, Departure.Close, Departure.Cut])
                {
                    await Task.WhenAll(
                        Enumerable.Range(0, Clients).Select(_ => LeaveAsync(service, request[..sent], departure))
                    );
                    service.Report(output, $"{departure} after {sent} of {request.Length}: {request.Split('\r')[0]}");
                }
            }
        }

        await service.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task Clients_of_HTTP2_that_go_away_leave_nothing_behind()
    {
        await using var service = await WatchedService.StartAsync(fixture);
        var token = await service.Api.NewUserTokenAsync();
        await service.Api.StoreAsync(token, "large", Large);
        foreach (var (fields, body) in Http2Requests(token))
        {
            foreach (var point in Enum.GetValues<Http2Point>())
            {
                foreach (var departure in Enum.GetValues<Departure>())
                {
                    await Task.WhenAll(
                        Enumerable.Range(0, Clients).Select(_ => LeaveAsync(service, fields, body, point, departure))
                    );
                    service.Report(output, $"{departure} at {point} of {body.Length}: {fields[0]} {fields[2]}");
                }
            }
        }

        await service.ExpectNothingLeftAsync();
    }

    private static IEnumerable<string> Requests(string token)
    {
        const string small = """{"key":"k","value":"v","username":"u","password":"p"}""";
        string[] bodies =
        [
            $"Content-Length: {small.Length}\r\n\r\n{small}",
            $"Transfer-Encoding: chunked\r\n\r\n{small.Length:x}\r\n{small}\r\n0\r\n\r\n",
            $"Content-Length: {Large.Length + 22}\r\n\r\n{{\"key\":\"k\",\"value\":\"{Large}\"}}",
        ];
        foreach (var body in bodies)
        {
            foreach (
                var operation in (string[])
                    ["POST /api/register", "POST /api/token", "POST /api/data", "PUT /api/data/k"]
            )
            {
                yield return $"{operation} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{body}";
            }

            // Refused before its body is read: the server reads on, for the next request.
            yield return $"POST /api/data HTTP/1.1\r\nHost: x\r\n{body}";
        }

        yield return $"GET /api/data/large HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n";
        yield return $"DELETE /api/data/absent HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n";
    }

    /// <summary>In the first line, in the headers, before, in and at the end of the body, and with all of it sent.</summary>
    private static int[] Cuts(string request)
    {
        var head = request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        return head == request.Length
            ? [10, head - 2, head]
            : [10, head - 2, head, head + 1, (head + request.Length) / 2, request.Length - 1, request.Length];
    }

    private static async Task LeaveAsync(WatchedService service, string request, Departure departure)
    {
        using var connection = await RawConnection.OpenAsync(service.Address, receiveBuffer: 16 * 1024);
        try
        {
            await connection.SendAsync(request);
            await service.SettleAsync();
            if (departure == Departure.HalfClose)
            {
                connection.Finish();
                await connection.ReadAllAsync(TimeSpan.FromSeconds(5));
            }
            else if (departure == Departure.Close)
            {
                connection.Close();
            }
        }
        catch (Exception over) when (over is SocketException or InvalidDataException)
        {
            // The service was quicker, or did not send all of an answer.
        }
    }

    private enum Http2Point
    {
        Preface,
        HalfOfTheHeaders,
        Headers,
        HalfOfTheBody,
        All,
        FirstOfTheAnswer,
    }

    private static IEnumerable<(List<(string, string)> Fields, string Body)> Http2Requests(string token)
    {
        string[] bodies =
        [
            """{"key":"k","value":"v","username":"u","password":"p"}""",
            $$"""{"key":"k","value":"{{Large[..30_000]}}"}""",
        ];
        foreach (var body in bodies)
        {
            foreach (
                var (method, path) in ((string, string)[])
                    [("POST", "/api/register"), ("POST", "/api/token"), ("POST", "/api/data"), ("PUT", "/api/data/k")]
            )
            {
                yield return ([.. RawHttp2.Request(method, path, token), ("content-type", "application/json")], body);
            }

            yield return (RawHttp2.Request("POST", "/api/data"), body);
        }

        yield return (RawHttp2.Request("GET", "/api/data/large", token), "");
        yield return (RawHttp2.Request("DELETE", "/api/data/absent", token), "");
    }

    private static async Task LeaveAsync(
        WatchedService service,
        List<(string, string)> fields,
        string body,
        Http2Point point,
        Departure departure
    )
    {
        using var connection = await RawHttp2.OpenAsync(service.Http2Address);
        try
        {
            var stream = connection.NextStream();
            await SendAsync(connection, stream, RawHttp2.Block(fields), body, point);
            await service.SettleAsync();
            switch (departure)
            {
                case Departure.HalfClose:
                    connection.Finish();
                    await connection.Ended;
                    break;
                case Departure.Close:
                    connection.Close();
                    break;
                case Departure.ResetStream when point > Http2Point.HalfOfTheHeaders:
                    await connection.SendAsync(RawHttp2.Frame(RawHttp2.Reset, 0, stream, [0, 0, 0, 8]));
                    Assert.Equal(200, (await connection.ExchangeAsync(RawHttp2.Request("GET", "/health/live"))).Status);
                    break;
                case Departure.GoAway:
                    await connection.SendAsync(RawHttp2.Frame(RawHttp2.GoAway, 0, 0, new byte[8]));
                    connection.Finish();
                    await connection.Ended;
                    break;
                default:
                    break;
            }
        }
        catch (SocketException)
        {
            // The service was quicker.
        }
    }

    private static async Task SendAsync(RawHttp2 connection, int stream, byte[] block, string body, Http2Point point)
    {
        if (point == Http2Point.HalfOfTheHeaders)
        {
            await connection.SendAsync(RawHttp2.Frame(RawHttp2.Headers, 0, stream, block.AsSpan(0, block.Length / 2)));
        }

        if (point >= Http2Point.Headers)
        {
            await connection.SendHeadersAsync(stream, block, endStream: body.Length == 0);
        }

        if (point >= Http2Point.HalfOfTheBody && body.Length > 0)
        {
            var isAll = point > Http2Point.HalfOfTheBody;
            await connection.SendDataAsync(stream, isAll ? body : body[..(body.Length / 2)], endStream: isAll);
        }

        if (point == Http2Point.FirstOfTheAnswer)
        {
            await connection.FirstByteAsync();
        }
    }

    private sealed class WatchedService : IAsyncDisposable
    {
        private readonly OwnService service;
        private readonly ApiClient management;
        private double connectionsBefore;
        private int reported;

        private WatchedService(OwnService service, int managementPort, int http2Port)
        {
            this.service = service;
            management = new ApiClient(new Uri($"http://127.0.0.1:{managementPort}"));
            Http2Address = new Uri($"http://127.0.0.1:{http2Port}");
        }

        public ApiClient Api => service.Api;

        public Uri Address => service.Address;

        public Uri Http2Address { get; }

        // What a busy machine does to the store and to the server's clock is another matter.
        private static readonly string[] Expected =
        [
            "\"LogLevel\":\"Information\"",
            "\"Category\":\"FastKv.Redis.",
            "the heartbeat has been running",
        ];

        /// <summary>Lines that are not below a warning, or not the logger's at all.</summary>
        private List<string> Noise =>
            [
                .. service
                    .Process.Log.Split('\n')
                    .Where(line => !Expected.Any(part => line.Contains(part, StringComparison.Ordinal))),
            ];

        public static async Task<WatchedService> StartAsync(ServiceFixture fixture)
        {
            var (managementPort, http2Port) = (Wait.FreePort(), Wait.FreePort());
            var service = new WatchedService(
                await OwnService.StartAsync(
                    fixture,
                    ("FastKv__Http__ManagementPort", $"{managementPort}"),
                    ("FastKv__Http__Http2Port", $"{http2Port}"),
                    ("FastKv__Limits__MaxConnections", "1000"),
                    ("FastKv__Limits__FailedLoginsPerUsername", "0"),
                    ("FastKv__Redis__TimeoutMilliseconds", "20000")
                ),
                managementPort,
                http2Port
            );
            service.connectionsBefore = await service.ValueAsync("kestrel_active_connections");
            return service;
        }

        /// <summary>A round trip: time for the service to read what it was sent before.</summary>
        public Task<bool> SettleAsync() => management.IsLiveAsync();

        /// <summary>Says which departure it was after which there was a line that should not be.</summary>
        public void Report(ITestOutputHelper output, string departure)
        {
            var lines = Noise.Count;
            if (lines > reported)
            {
                output.WriteLine($"{departure}: {lines - reported} lines");
                reported = lines;
            }
        }

        public async Task ExpectNothingLeftAsync()
        {
            await Wait.UntilAsync(
                "all connections are closed",
                async () => await ValueAsync("kestrel_active_connections") <= connectionsBefore + Clients
            );
            await Wait.UntilAsync(
                "no request is counted as in flight",
                async () => await ValueAsync("fastkv_requests_in_flight") == 0
            );
            Assert.Empty(Noise);
            Assert.Equal(0, await service.Process.TerminateAsync());
            Assert.Empty(Noise);
        }

        public ValueTask DisposeAsync()
        {
            management.Dispose();
            return service.DisposeAsync();
        }

        private async Task<double> ValueAsync(string metric) =>
            (await management.GetAsync("/metrics"))
                .Text.Split('\n')
                .Where(line => line.StartsWith(metric, StringComparison.Ordinal))
                .Sum(line => double.Parse(line.Split("} ")[^1].Split(' ')[0], CultureInfo.InvariantCulture));
    }
}
