using System.Net;
using System.Net.Sockets;
using System.Text;
using FastKv.Tests.Harness;
using FastKv.Tests.Server;
using Xunit;

namespace FastKv.Tests.Abuse;

public sealed class Http2AbuseTests(ServiceFixture fixture, ITestOutputHelper output)
{
    /// <summary>CVE-2023-44487: streams are opened and reset faster than the server can forget them.</summary>
    [Fact]
    public async Task Streams_that_are_reset_at_once_end_the_connection_and_nothing_else()
    {
        var port = Wait.FreePort();
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Http__Http2Port", $"{port}"),
            ("FastKv__Limits__MaxConcurrentRequests", "50")
        );
        var token = await service.Api.NewUserTokenAsync();
        var address = new Uri($"http://127.0.0.1:{port}");

        var sent = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ResetRapidlyAsync(address, token)));

        output.WriteLine($"Streams sent until the connection was closed: {string.Join(", ", sent)}.");
        Assert.All(sent, streams => Assert.InRange(streams, 1, MaximumStreams - 1));
        await Wait.UntilAsync(
            "the last of the streams are through",
            async () => (await service.Api.RetrieveAsync(token, "absent")).Status == HttpStatusCode.NotFound
        );

        // None of them is counted as in flight for ever: that many more requests than the limit would not get through.
        for (var i = 0; i < 60; i++)
        {
            (await service.Api.RetrieveAsync(token, "absent")).Expect(HttpStatusCode.NotFound);
        }

        Assert.DoesNotContain("Unexpected failure", service.Process.Log, StringComparison.Ordinal);
    }

    private const int MaximumStreams = 100_000;

    private static async Task<int> ResetRapidlyAsync(Uri address, string token)
    {
        using var connection = await RawConnection.OpenAsync(address);
        await connection.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        await connection.SendAsync(RawHttp2.Frame(RawHttp2.Settings, 0, 0, []));
        var headers = Headers(token);
        const int batch = 100;
        for (var sent = 0; sent < MaximumStreams; sent += batch)
        {
            using var frames = new MemoryStream();
            for (var i = 0; i < batch; i++)
            {
                var stream = 2 * (sent + i) + 1;
                frames.Write(
                    RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndStream | RawHttp2.EndHeaders, stream, headers)
                );
                frames.Write(RawHttp2.Frame(RawHttp2.Reset, 0, stream, [0, 0, 0, 8]));
            }

            try
            {
                await connection.SendAsync(frames.ToArray());
            }
            catch (SocketException)
            {
                return sent + batch;
            }
        }

        return MaximumStreams;
    }

    // RFC 7541: GET and http are entries of the static table; the rest is literal and not indexed.
    private static byte[] Headers(string token) =>
        [0x82, 0x86, .. Literal(4, "/api/data/absent"), .. Literal(1, "x"), .. Literal(23, $"Bearer {token}")];

    private static byte[] Literal(int name, string value)
    {
        var text = Encoding.ASCII.GetBytes(value);
        return [.. RawHttp2.Number(0, 4, name), .. RawHttp2.Number(0, 7, text.Length), .. text];
    }
}
