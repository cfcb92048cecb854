using System.Net;
using System.Net.Sockets;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using FastKv.Tests.Server;
using Xunit;

namespace FastKv.Tests.Abuse;

/// <summary>A service that is impatient, so that the tests need not be patient.</summary>
public sealed class ImpatientService(ServiceFixture fixture) : IAsyncLifetime
{
    public const int MaxConnections = 60;

    internal OwnService Service { get; private set; } = null!;

    internal Uri Http2Address { get; } = new($"http://127.0.0.1:{Wait.FreePort()}");

    public async ValueTask InitializeAsync() =>
        Service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Http__Http2Port", $"{Http2Address.Port}"),
            ("FastKv__Limits__HeaderTimeoutSeconds", "1"),
            ("FastKv__Limits__KeepAliveTimeoutSeconds", "2"),
            ("FastKv__Limits__MinBytesPerSecond", "1000000"),
            ("FastKv__Limits__MinBytesGraceSeconds", "2"),
            ("FastKv__Limits__MaxHeaderBytes", "8192"),
            ("FastKv__Limits__MaxHeaders", "20"),
            ("FastKv__Limits__MaxConnections", $"{MaxConnections}")
        );

    public ValueTask DisposeAsync() => Service.DisposeAsync();
}

public sealed class SlowClientTests(ImpatientService impatient) : IClassFixture<ImpatientService>
{
    private readonly OwnService service = impatient.Service;

    [Fact]
    public async Task Headers_that_drip_are_cut_off()
    {
        using var slow = await RawConnection.OpenAsync(service.Address);
        await slow.SendAsync("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ");

        await UntilCutOffAsync(slow, "a");
    }

    [Fact]
    public async Task A_body_that_drips_is_cut_off()
    {
        using var slow = await RawConnection.OpenAsync(service.Address);
        await slow.SendAsync(
            "POST /api/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"
        );

        await UntilCutOffAsync(slow, " ");
    }

    /// <summary>Behind a proxy the others are other clients.</summary>
    [Fact]
    public async Task A_body_that_drips_over_HTTP2_is_refused_and_the_other_streams_go_on()
    {
        var token = await service.Api.NewUserTokenAsync();
        List<(string, string)> post =
        [
            .. RawHttp2.Request("POST", "/api/data", token),
            ("content-type", "application/json"),
        ];
        using var connection = await RawHttp2.OpenAsync(impatient.Http2Address);
        var slow = await connection.SendHeadersAsync(post, endStream: false);
        var refused = connection.AnswerAsync(slow);

        await Wait.UntilAsync(
            "the slow body is refused",
            async () =>
            {
                if (!refused.IsCompleted)
                {
                    await connection.SendDataAsync(slow, " ", endStream: false);
                }

                var answer = await connection.ExchangeAsync(post, $$"""{"key":"{{Guid.NewGuid()}}","value":"v"}""");
                Assert.True(answer.Status == 201, $"{answer}");
                return refused.IsCompleted;
            }
        );

        (await refused).Reply.ExpectError("INVALID_REQUEST");
        Assert.Equal(201, (await connection.ExchangeAsync(post, """{"key":"last","value":"v"}""")).Status);
    }

    [Fact]
    public async Task A_client_that_never_reads_its_answers_is_cut_off()
    {
        var token = await service.Api.NewUserTokenAsync();
        (await service.Api.StoreAsync(token, "large", new string('a', 1024 * 1024))).Expect(HttpStatusCode.Created);
        using var deaf = await RawConnection.OpenAsync(service.Address, receiveBuffer: 4096);
        for (var i = 0; i < 30; i++)
        {
            await deaf.SendAsync($"GET /api/data/large HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
        }

        await Wait.UntilAsync(
            "the connection is cut",
            async () =>
            {
                try
                {
                    await deaf.SendAsync("G");
                    return false;
                }
                catch (SocketException)
                {
                    return true;
                }
            }
        );
        (await service.Api.RetrieveAsync(token, "large")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_connection_that_is_idle_for_too_long_is_closed()
    {
        using var idle = await RawConnection.OpenAsync(service.Address);
        await idle.SendAsync("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(200, (await idle.ReadAsync())!.Status);

        Assert.Null(await idle.ReadAsync());
    }

    [Fact]
    public async Task A_connection_too_many_is_closed_at_once_and_room_is_made_when_others_end()
    {
        var connections = new List<RawConnection>();
        try
        {
            await Wait.UntilAsync(
                "a connection is refused",
                async () =>
                {
                    for (var i = 0; i < 2 * ImpatientService.MaxConnections; i++)
                    {
                        connections.Add(await RawConnection.OpenAsync(service.Address));
                    }

                    return !await IsServedAsync();
                }
            );
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }

        await Wait.UntilAsync("there is room again", IsServedAsync);
    }

    [Theory]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Large: {0}\r\n\r\n", 20_000, 431)]
    [InlineData("GET /health/live?{0} HTTP/1.1\r\nHost: x\r\n\r\n", 20_000, 414)]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: x\r\n{1}\r\n", 30, 431)]
    public async Task Headers_that_are_too_large_are_refused_in_the_envelope(string request, int size, int status)
    {
        using var connection = await RawConnection.OpenAsync(service.Address);
        var many = string.Concat(Enumerable.Range(0, size).Select(i => $"X-{i}: 1\r\n"));

        await connection.SendAsync(request.Replace("{0}", new string('a', size)).Replace("{1}", many));

        var answer = await connection.ReadAsync();
        Assert.Equal(status, answer!.Status);
        Assert.Null(answer.Fault());
        Assert.Null(await connection.ReadAsync());
    }

    private async Task<bool> IsServedAsync()
    {
        try
        {
            using var connection = await RawConnection.OpenAsync(service.Address);
            await connection.SendAsync("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
            return await connection.ReadAsync() is { Status: 200 };
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // Sends a little again and again; the server must end it, with an answer or without a word.
    private static async Task UntilCutOffAsync(RawConnection connection, string drop)
    {
        var answerAsync = ReadLastAsync(connection);
        await Wait.UntilAsync(
            "the connection is cut",
            async () =>
            {
                try
                {
                    await connection.SendAsync(drop);
                }
                catch (SocketException) { }

                return answerAsync.IsCompleted;
            }
        );
        if (await answerAsync is { } answer)
        {
            Assert.True(answer.Status is 400 or 408, answer.Head);
            Assert.Null(answer.Fault());
        }
    }

    private static async Task<RawAnswer?> ReadLastAsync(RawConnection connection)
    {
        try
        {
            return await connection.ReadAsync();
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
