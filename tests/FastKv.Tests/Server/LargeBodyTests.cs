using System.Net.Sockets;
using System.Text;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Server;

/// <summary>A client that sends all of its body before it reads gets to see why the body was refused.</summary>
public sealed class LargeBodyTests(ServiceFixture fixture)
{
    private const int Length = 16 * 1024 * 1024;

    private readonly ApiClient api = fixture.Api;

    [Theory]
    [InlineData("POST /api/data")]
    [InlineData("PUT /api/data/k")]
    [InlineData("POST /api/register")]
    [InlineData("POST /api/token")]
    public async Task A_body_that_is_too_large_by_its_length_is_answered(string operation)
    {
        var token = await api.NewUserTokenAsync();

        var reply = await RawHttp.ExchangeAsync(
            api.Address,
            Head(operation, token, $"Content-Length: {Length}"),
            new byte[Length]
        );

        reply.ExpectError("PAYLOAD_TOO_LARGE");
    }

    [Theory]
    [InlineData("POST /api/data")]
    [InlineData("PUT /api/data/k")]
    [InlineData("POST /api/register")]
    [InlineData("POST /api/token")]
    public async Task A_body_that_turns_out_to_be_too_large_is_answered(string operation)
    {
        var token = await api.NewUserTokenAsync();
        byte[] chunk = [.. Encoding.ASCII.GetBytes($"{Length / 4:x}\r\n"), .. new byte[Length / 4], .. "\r\n"u8];

        var reply = await RawHttp.ExchangeAsync(
            api.Address,
            Head(operation, token, "Transfer-Encoding: chunked"),
            chunk,
            chunk,
            chunk,
            chunk,
            "0\r\n\r\n"u8.ToArray()
        );

        reply.ExpectError("PAYLOAD_TOO_LARGE");
    }

    [Fact]
    public async Task A_client_that_asks_first_is_told_before_it_sends()
    {
        var token = await api.NewUserTokenAsync();

        var reply = await RawHttp.ExchangeAsync(
            api.Address,
            Head("POST /api/data", token, $"Content-Length: {Length}\r\nExpect: 100-continue")
        );

        reply.ExpectError("PAYLOAD_TOO_LARGE");
    }

    [Fact]
    public async Task A_refused_body_does_not_spoil_the_next_request_on_the_connection()
    {
        var token = await api.NewUserTokenAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(api.Address.Host, api.Address.Port, TestContext.Current.CancellationToken);
        var stream = client.GetStream();

        // 401 before the body is read; then 415; then a good one.
        await SendAsync("POST /api/data HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n{\"k\":1}\n");
        (await ReadAsync()).ExpectError("INVALID_TOKEN");
        await SendAsync(
            $"POST /api/data HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Length: 8\r\n\r\n{{\"k\":1}}\n"
        );
        (await ReadAsync()).ExpectError("UNSUPPORTED_MEDIA_TYPE");
        await SendAsync($"GET /api/data/k HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
        (await ReadAsync()).ExpectError("KEY_NOT_FOUND");

        async Task SendAsync(string request) =>
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);

        Task<Reply> ReadAsync() => RawHttp.ReadAsync(stream, TestContext.Current.CancellationToken);
    }

    private static byte[] Head(string operation, string token, string length) =>
        Encoding.ASCII.GetBytes(
            $"{operation} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
        );
}
