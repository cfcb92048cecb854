using System.Net;
using System.Net.Sockets;
using System.Text;
using FastKv.Tests.Abuse;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Server;

/// <summary>Requests that the server rejects before there is an application to ask: they get the envelope too.</summary>
public sealed class RejectedRequestResponderTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Theory]
    [InlineData("GARBAGE\r\n\r\n")]
    [InlineData("GET\r\n\r\n")]
    [InlineData("GET / HTTP/9.9\r\nHost: a\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nA B: c\r\n\r\n")]
    [InlineData("G\u00c4T / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET no-slash HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /api/data/\u00e4 HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /api/data/\u00c3\u00a4 HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /api/data/a?\u00c3\u00a4 HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /api/data/a?%00 HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n")]
    [InlineData("GET /api/data/a HTTP/1.1\r\nHost: a\r\nX-Name: Jos\u00e9\r\n\r\n")]
    [InlineData("GET /api/data/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("GET /api/data/a HTTP/1.1\r\n\r\n")]
    [InlineData("GET /api/data/a HTTP/1.1\r\nHost: a b\r\n\r\n")]
    [InlineData("PUT /api/data/a HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")]
    [InlineData("PUT /api/data/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n")]
    [InlineData("GET /api/data/a HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n")]
    [InlineData("GET /api/data/a HTTP/9.9\r\nHost: a\r\n\r\n")]
    [InlineData("GET /\u00e4 HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("POST /api/token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("POST /api/token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("POST /api/token HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")]
    [InlineData("POST /api/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n")]
    public async Task A_request_that_is_no_HTTP_is_an_invalid_request(string request)
    {
        var reply = await RawHttp.ExchangeAsync(api.Address, request);

        reply.ExpectError("INVALID_REQUEST");
    }

    [Theory]
    [InlineData("/api/data/%00")]
    [InlineData("/api/data/a%00b")]
    [InlineData("/API/DATA/a%00b?c")]
    public async Task A_target_that_is_rejected_for_its_key_is_an_invalid_key(string target)
    {
        var reply = await RawHttp.ExchangeAsync(api.Address, $"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");

        reply.ExpectError("INVALID_KEY");
    }

    [Theory]
    [InlineData("Bearer \u00e9")]
    [InlineData("\u00ff")]
    [InlineData("Bearer a\u00c3")]
    public async Task A_token_that_is_no_text_is_an_invalid_token(string header)
    {
        var reply = await RawHttp.ExchangeAsync(
            api.Address,
            $"GET /api/data/a HTTP/1.1\r\nHost: a\r\nAuthorization: {header}\r\n\r\n"
        );

        reply.ExpectError("INVALID_TOKEN");
        Assert.Equal("Bearer error=\"invalid_token\"", reply.Headers["WWW-Authenticate"]);
    }

    [Fact]
    public async Task A_request_line_that_is_too_long_gets_the_envelope()
    {
        var reply = await RawHttp.ExchangeAsync(
            api.Address,
            $"GET /{new string('a', 9000)} HTTP/1.1\r\nHost: a\r\n\r\n"
        );

        reply.ExpectError(HttpStatusCode.RequestUriTooLong, "INVALID_REQUEST");
    }

    [Theory]
    [InlineData(1, 40_000)]
    [InlineData(200, 10)]
    public async Task Headers_that_are_too_large_get_the_envelope(int count, int length)
    {
        var headers = string.Concat(Enumerable.Range(0, count).Select(i => $"X-{i}: {new string('a', length)}\r\n"));

        var reply = await RawHttp.ExchangeAsync(api.Address, $"GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n");

        reply.ExpectError(HttpStatusCode.RequestHeaderFieldsTooLarge, "INVALID_REQUEST");
    }

    [Theory]
    [InlineData("zz\r\n")]
    [InlineData("5\r\n{}{}{}\r\n0\r\n\r\n")]
    [InlineData("-1\r\n\r\n")]
    public async Task A_chunked_body_that_is_broken_is_an_invalid_request(string chunks)
    {
        var reply = await RawHttp.ExchangeAsync(
            api.Address,
            "POST /api/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + chunks
        );

        reply.ExpectError("INVALID_REQUEST");
    }

    [Theory]
    [InlineData("X-Trailer: M\u00fcller")]
    [InlineData("X-Trailer: a\0b")]
    [InlineData("no colon")]
    public async Task A_trailer_that_is_no_text_is_an_invalid_request(string trailer)
    {
        using var connection = await RawConnection.OpenAsync(api.Address);
        await connection.SendAsync(
            "POST /api/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + $"2\r\n{{}}\r\n0\r\n{trailer}\r\n\r\n"
        );

        var answer = await connection.ReadAsync();

        Assert.Equal((400, "INVALID_REQUEST"), (answer!.Status, answer.Code));
        Assert.Null(answer.Fault());
        Assert.Null(await connection.ReadAsync());
        Assert.DoesNotContain("draining of the request body", fixture.Service.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rejection_is_sent_once_and_closes_the_connection()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(api.Address.Host, api.Address.Port, TestContext.Current.CancellationToken);
        var stream = client.GetStream();
        await stream.WriteAsync("GARBAGE\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        var all = new StringBuilder();
        var buffer = new byte[4096];
        int read;
        while ((read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0)
        {
            all.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        Assert.Equal(
            """
            HTTP/1.1 400 Bad Request
            Content-Type: application/json; charset=utf-8
            Content-Length: 108
            Connection: close

            {"status":"error","code":"INVALID_REQUEST","message":"Invalid request. Please provide all required fields."}
            """.ReplaceLineEndings("\r\n"),
            all.ToString()
        );
    }

    [Fact]
    public async Task A_rejection_comes_after_the_answers_to_the_good_requests_before_it()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(api.Address.Host, api.Address.Port, TestContext.Current.CancellationToken);
        var stream = client.GetStream();
        await stream.WriteAsync(
            "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n"u8.ToArray(),
            TestContext.Current.CancellationToken
        );

        (await RawHttp.ReadAsync(stream, TestContext.Current.CancellationToken)).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"live"}"""
        );
        (await RawHttp.ReadAsync(stream, TestContext.Current.CancellationToken)).ExpectError("NOT_FOUND");
        (await RawHttp.ReadAsync(stream, TestContext.Current.CancellationToken)).ExpectError("INVALID_REQUEST");
    }
}
