using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastKv.Load.Target;
using FastKv.Tests.Abuse;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Server;

/// <summary>A service with a port for HTTP/2.</summary>
public sealed class Http2Service(ServiceFixture fixture) : IAsyncLifetime
{
    internal OwnService Service { get; private set; } = null!;

    internal Uri Address { get; private set; } = null!;

    internal string Token { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var port = Wait.FreePort();
        Address = new Uri($"http://127.0.0.1:{port}");
        Service = await OwnService.StartAsync(fixture, ("FastKv__Http__Http2Port", $"{port}"));
        Token = await Service.Api.NewUserTokenAsync();
    }

    public ValueTask DisposeAsync() => Service.DisposeAsync();
}

/// <summary>
/// What is refused over HTTP/1.1 is refused over HTTP/2 with the same answer, and costs the other streams of the connection nothing.
/// </summary>
public sealed class Http2RefusalTests(Http2Service http2) : IClassFixture<Http2Service>
{
    private readonly ApiClient api = http2.Service.Api;
    private readonly string token = http2.Token;

    [Theory]
    [InlineData("https")]
    [InlineData("http")]
    [InlineData("HTTPS")]
    public async Task The_scheme_may_be_that_of_the_client_of_a_proxy_which_ended_TLS(string scheme)
    {
        var key = ApiClient.NewName("key");
        (await api.StoreAsync(token, key, "value")).Expect(HttpStatusCode.Created);
        using var connection = await RawHttp2.OpenAsync(http2.Address);
        var request = With(RawHttp2.Request("GET", $"/api/data/{key}", token), ":scheme", scheme);

        var literal = await connection.ExchangeAsync(request);

        literal.Reply.ExpectSuccess(
            HttpStatusCode.OK,
            $$$"""{"status":"success","data":{"key":"{{{key}}}","value":"value"}}"""
        );

        // As an entry of the static table (RFC 7541, appendix A: 7 is https), as proxies send it.
        byte[] indexed =
        [
            0x82,
            0x87,
            .. RawHttp2.Block(request.Where(field => field.Name is not (":method" or ":scheme"))),
        ];
        var stream = connection.NextStream();
        await connection.SendHeadersAsync(stream, indexed, endStream: true);

        Assert.Equal(200, (await connection.AnswerAsync(stream)).Status);
    }

    /// <summary>What is wrong; the field and its value; the answer.</summary>
    public static TheoryData<string, string, string, int, string> Fields =>
        new()
        {
            { "Latin-1", "x-name", "M\u00fcller", 400, "INVALID_REQUEST" },
            { "Latin-1 in a field of the static table", "user-agent", "M\u00fcller", 400, "INVALID_REQUEST" },
            { "Latin-1 in the token", "authorization", "Bearer \u00e9", 401, "INVALID_TOKEN" },
            { "half of a UTF-8 character in the token", "authorization", "Bearer a\u00c3", 401, "INVALID_TOKEN" },
            { "half of a UTF-8 character", "x-name", "\u00c3", 400, "INVALID_REQUEST" },
            { "a surrogate in UTF-8", "x-name", "\u00ed\u00bf\u00bf", 400, "INVALID_REQUEST" },
            { "a NUL", "x-name", "a\0b", 400, "INVALID_REQUEST" },
            { "a NUL in a field of the static table", "user-agent", "a\0b", 400, "INVALID_REQUEST" },
            { "a CR", "x-name", "a\rb", 400, "INVALID_REQUEST" },
            { "an LF", "x-name", "a\nb", 400, "INVALID_REQUEST" },
            { "a name with a space", "x name", "a", 400, "INVALID_REQUEST" },
            { "a name with a colon", "x:name", "a", 400, "INVALID_REQUEST" },
            { "40 KB", "x-name", new string('a', 40_000), 431, "INVALID_REQUEST" },
            { "100 KB", "x-name", new string('a', 100_000), 431, "INVALID_REQUEST" },
            { "a little more than is allowed", "x-name", new string('a', 32 * 1024), 431, "INVALID_REQUEST" },
            { "an unknown scheme", ":scheme", "ftp", 400, "INVALID_REQUEST" },
            { "no scheme at all", ":scheme", "", 400, "INVALID_REQUEST" },
            { "a scheme in Latin-1", ":scheme", "htt\u00fe", 400, "INVALID_REQUEST" },
            { "an unknown method", ":method", "BREW", 405, "METHOD_NOT_ALLOWED" },
            { "a method in Latin-1", ":method", "G\u00c4T", 400, "INVALID_REQUEST" },
            { "a method with a space", ":method", "GET ", 400, "INVALID_REQUEST" },
            { "no method", ":method", "", 400, "INVALID_REQUEST" },
            { "a host with a space", ":authority", "a b", 400, "INVALID_REQUEST" },
            { "a host in Latin-1", ":authority", "\u00e4", 400, "INVALID_REQUEST" },
            { "a user in the authority", ":authority", "user@host", 400, "INVALID_REQUEST" },
            { "a port that is none", ":authority", "host:port", 400, "INVALID_REQUEST" },
            { "half an IPv6 address", ":authority", "[::1", 400, "INVALID_REQUEST" },
            { "a path in Latin-1", ":path", "/api/data/\u00e4", 400, "INVALID_REQUEST" },
            { "a path in UTF-8", ":path", "/api/data/\u00c3\u00a4", 400, "INVALID_REQUEST" },
            { "a query in Latin-1", ":path", "/api/data/k?\u00e4", 400, "INVALID_REQUEST" },
            { "a path with a NUL", ":path", "/api/data/a\0b", 400, "INVALID_REQUEST" },
            { "a path with an LF", ":path", "/api/data/a\nb", 400, "INVALID_REQUEST" },
            { "a path with a space", ":path", "/api/data/a b", 400, "INVALID_REQUEST" },
            { "a path with an encoded NUL", ":path", "/api/data/a%00b", 400, "INVALID_KEY" },
            { "another path with an encoded NUL", ":path", "/%00", 400, "INVALID_REQUEST" },
            { "a path with bad percent-encoding", ":path", "/api/data/%zz", 400, "INVALID_KEY" },
            { "a path with bad UTF-8 in its percent-encoding", ":path", "/api/data/%ff", 400, "INVALID_KEY" },
            { "a path without a slash", ":path", "api/data/a", 400, "INVALID_REQUEST" },
            { "an empty path", ":path", "", 400, "INVALID_REQUEST" },
            { "an asterisk", ":path", "*", 400, "INVALID_REQUEST" },
            { "a path that is too long", ":path", "/" + new string('a', 9000), 414, "INVALID_REQUEST" },
            { "an authority that is too long", ":authority", new string('a', 40_000), 431, "INVALID_REQUEST" },
            { "a cookie that is too long", "cookie", new string('a', 40_000), 431, "INVALID_REQUEST" },
            { "two encodings", "transfer-encoding", "gzip", 400, "INVALID_REQUEST" },
        };

    [Theory]
    [MemberData(nameof(Fields))]
    public async Task A_field_that_is_wrong_is_refused_on_its_stream(
        string what,
        string name,
        string value,
        int status,
        string code
    )
    {
        await ExpectAsync(
            what,
            With(RawHttp2.Request("GET", "/api/data/key", token), name, value),
            (HttpStatusCode)status,
            code
        );
    }

    [Theory]
    [InlineData(101)]
    [InlineData(200)]
    [InlineData(390)]
    public async Task Too_many_headers_are_refused_on_their_stream(int count)
    {
        await ExpectAsync(
            $"{count} headers",
            [
                .. RawHttp2.Request("GET", "/api/data/key"),
                .. Enumerable.Range(0, count - 1).Select(i => ($"x-{i}", "a")),
            ],
            HttpStatusCode.RequestHeaderFieldsTooLarge,
            "INVALID_REQUEST"
        );
    }

    [Fact]
    public async Task Headers_that_are_too_large_together_are_refused_on_their_stream()
    {
        await ExpectAsync(
            "60 headers of 1 KB",
            [
                .. RawHttp2.Request("GET", "/api/data/key", token),
                .. Enumerable.Range(0, 60).Select(i => ($"x-{i}", new string('a', 1000))),
            ],
            HttpStatusCode.RequestHeaderFieldsTooLarge,
            "INVALID_REQUEST"
        );
    }

    [Fact]
    public async Task As_many_and_as_large_headers_as_HTTP1_takes_are_taken()
    {
        using var connection = await RawHttp2.OpenAsync(http2.Address);
        var request = RawHttp2.Request("GET", "/api/data/absent", token);

        // With Host and Authorization 100 headers.
        var many = await connection.ExchangeAsync([
            .. request,
            .. Enumerable.Range(0, 98).Select(i => ($"x-{i}", "\u00c3\u00a4")),
        ]);
        var large = await connection.ExchangeAsync([.. request, ("x-large", new string('a', 31_000))]);

        many.Reply.ExpectError("KEY_NOT_FOUND");
        large.Reply.ExpectError("KEY_NOT_FOUND");
    }

    [Fact]
    public async Task A_length_that_is_none_ends_its_stream_and_no_other()
    {
        foreach (
            var length in new[]
            {
                "-1",
                "x",
                "",
                "+2",
                "2 ",
                "99999999999999999999",
                "\u00b2",
                "0000000000000000000000002",
            }
        )
        {
            foreach (var endStream in new[] { true, false })
            {
                await AmongOthersAsync(async connection =>
                {
                    var stream = await connection.SendHeadersAsync(
                        [
                            .. RawHttp2.Request("POST", "/api/token"),
                            ("content-type", "application/json"),
                            ("content-length", length),
                        ],
                        endStream
                    );

                    var answer = await connection.AnswerAsync(stream);

                    if (endStream)
                    {
                        Assert.True(answer.ResetCode == ProtocolError, $"{length}: {answer}");
                    }
                    else
                    {
                        answer.Reply.ExpectError("INVALID_REQUEST");
                    }
                });
            }
        }
    }

    /// <summary>RFC 9113, 8.1.1: malformed, so a stream error; there is no request that could be answered.</summary>
    public static TheoryData<string, string[], string> Malformed =>
        new()
        {
            { "no method", [":scheme", ":path"], "" },
            { "no scheme", [":method", ":path"], "" },
            { "no path", [":method", ":scheme"], "" },
            { "less body than its length", [":method", ":scheme", ":path", "content-type", "content-length"], "{}" },
            {
                "more body than its length",
                [":method", ":scheme", ":path", "content-type", "content-length"],
                "{\"username\":1}"
            },
        };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_malformed_request_ends_its_stream_and_no_other(string what, string[] names, string body)
    {
        List<(string Name, string)> all =
        [
            .. RawHttp2.Request("POST", "/api/token"),
            ("content-type", "application/json"),
            ("content-length", "5"),
        ];

        await AmongOthersAsync(async connection =>
        {
            var answer = await connection.ExchangeAsync(
                [.. all.Where(field => names.Contains(field.Name))],
                body.Length == 0 ? null : body
            );

            Assert.True(answer.ResetCode == ProtocolError, $"{what}: {answer}");
        });
    }

    [Fact]
    public async Task Trailers_are_ignored_whatever_is_in_them()
    {
        await AmongOthersAsync(async connection =>
        {
            foreach (var value in new[] { "a", "M\u00fcller", "a\0b", new string('a', 40_000) })
            {
                var key = ApiClient.NewName("key");
                var stream = await connection.SendHeadersAsync(
                    [.. RawHttp2.Request("POST", "/api/data", token), ("content-type", "application/json")],
                    endStream: false
                );
                await connection.SendDataAsync(stream, $$"""{"key":"{{key}}","value":"v"}""", endStream: false);
                await connection.SendHeadersAsync(stream, RawHttp2.Block(("x-trailer", value)), endStream: true);

                Assert.Equal(201, (await connection.AnswerAsync(stream)).Status);
            }
        });
    }

    /// <summary>A field, or two with one name, that Kestrel does not leave to its stream; README, Limits.</summary>
    public static TheoryData<string, string[]> Broken =>
        new()
        {
            { "X-Name", ["a"] },
            { "n\u00e4me", ["a"] },
            { "connection", ["close"] },
            { "te", ["gzip"] },
            { ":unknown", ["a"] },
            { ":status", ["200"] },
            { ":path", ["/"] },
            { "content-length", ["0", "0"] },
        };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task A_request_whose_structure_is_broken_ends_the_connection_and_nothing_else(
        string name,
        string[] values
    )
    {
        using var connection = await RawHttp2.OpenAsync(http2.Address);

        await connection.SendHeadersAsync([
            .. RawHttp2.Request("GET", "/health/live"),
            .. values.Select(value => (name, value)),
        ]);

        Assert.Equal(ProtocolError, await connection.Ended);
        Assert.True(await api.IsLiveAsync());
    }

    /// <summary>One field of 4 KB in the dynamic table, which each further byte names once more (RFC 7541, 7.3).</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(30)]
    public async Task A_small_HPACK_bomb_is_refused_on_its_stream(int copies)
    {
        await AmongOthersAsync(async connection =>
        {
            var stream = connection.NextStream();
            await connection.SendHeadersAsync(stream, Bomb(copies), endStream: true);

            (await connection.AnswerAsync(stream)).Reply.ExpectError(
                HttpStatusCode.RequestHeaderFieldsTooLarge,
                "INVALID_REQUEST"
            );
        });
    }

    [Fact]
    public async Task What_is_far_beyond_the_limit_ends_the_connection_and_nothing_else()
    {
        byte[][] blocks =
        [
            Bomb(10_000),
            RawHttp2.Block([.. RawHttp2.Request("GET", "/"), ("x-name", new string('a', 1024 * 1024))]),
            RawHttp2.Block([
                .. RawHttp2.Request("GET", "/"),
                .. Enumerable.Range(0, 10_000).Select(i => ($"x-{i}", "a")),
            ]),
        ];
        foreach (var block in blocks)
        {
            using var connection = await RawHttp2.OpenAsync(http2.Address);

            await SendWhileItLastsAsync(connection, block);

            Assert.True(await connection.Ended is null or ProtocolError or CompressionError);
            Assert.True(await api.IsLiveAsync());
        }
    }

    private static async Task SendWhileItLastsAsync(RawHttp2 connection, byte[] block)
    {
        try
        {
            await connection.SendHeadersAsync(connection.NextStream(), block, endStream: true);
        }
        catch (SocketException)
        {
            // The service has closed it before it had all of the block.
        }
    }

    private static byte[] Bomb(int copies)
    {
        const byte firstOfDynamicTable = 0x80 | 62;
        var value = Encoding.ASCII.GetBytes(new string('a', 4000));
        return
        [
            .. RawHttp2.Block(RawHttp2.Request("GET", "/")),
            // A literal with indexing (RFC 7541, 6.2.1).
            0x40,
            .. RawHttp2.Number(0, 7, 1),
            (byte)'x',
            .. RawHttp2.Number(0, 7, value.Length),
            .. value,
            .. Enumerable.Repeat(firstOfDynamicTable, copies - 1),
        ];
    }

    [Fact]
    public async Task HTTP1_on_the_port_for_HTTP2_gets_the_envelope()
    {
        var reply = await RawHttp.ExchangeAsync(http2.Address, "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n");

        reply.ExpectError("INVALID_REQUEST");
    }

    [Fact]
    public async Task OPTIONS_may_ask_about_the_whole_server()
    {
        using var connection = await RawHttp2.OpenAsync(http2.Address);

        var answer = await connection.ExchangeAsync(RawHttp2.Request("OPTIONS", "*"));

        var same = await RawHttp.ExchangeAsync(api.Address, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(same.Status, answer.Reply.Status);
        Assert.Equal(same.Text, answer.Reply.Text);
    }

    /// <summary>More bodies than the server tracks at once of streams that it answered before their end, and reset.</summary>
    [Fact]
    public async Task A_client_whose_large_bodies_are_refused_gets_each_answer()
    {
        using var client = HttpClients.Create(http2.Address, http2: true, connections: 4, TimeSpan.FromSeconds(30));
        var statuses = new ConcurrentBag<HttpStatusCode>();

        await Parallel.ForEachAsync(
            Enumerable.Range(0, 400),
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (_, cancellation) =>
            {
                using var body = new ByteArrayContent(new byte[1024 * 1024]);
                using var response = await client.PostAsync("/api/data", body, cancellation);
                statuses.Add(response.StatusCode);
            }
        );

        Assert.Equal(400, statuses.Count);
        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
    }

    /// <summary>One that was reset by the server, and says nothing more of it, as RFC 9113, 8.1 allows.</summary>
    [Fact]
    public async Task A_client_that_leaves_large_bodies_unfinished_gets_each_answer()
    {
        const int streamsAtOnce = 100;
        using var connection = await RawHttp2.OpenAsync(http2.Address);
        List<(string, string)> request = [.. RawHttp2.Request("POST", "/api/data"), ("content-length", "20000")];

        for (var round = 0; round < 2; round++)
        {
            var unfinished = new List<int>();
            for (var i = 0; i < streamsAtOnce; i++)
            {
                unfinished.Add(await connection.SendHeadersAsync(request, endStream: false));
            }

            foreach (var stream in unfinished)
            {
                Assert.Equal(401, (await connection.AnswerAsync(stream)).Status);
            }
        }

        Assert.Equal(401, (await connection.ExchangeAsync(request, new string('a', 20_000))).Status);
    }

    private const int ProtocolError = 1;
    private const int CompressionError = 9;

    private static List<(string Name, string Value)> With(
        List<(string Name, string Value)> fields,
        string name,
        string value
    )
    {
        var at = fields.FindIndex(field => field.Name == name);
        return at < 0 ? [.. fields, (name, value)] : [.. fields[..at], (name, value), .. fields[(at + 1)..]];
    }

    private Task ExpectAsync(string what, List<(string, string)> fields, HttpStatusCode status, string code) =>
        AmongOthersAsync(async connection =>
        {
            foreach (var body in (string?[])[null, "{}"])
            {
                var answer = await connection.ExchangeAsync(fields, body);

                Assert.True(answer.Status is not null, $"{what}: {answer}");
                answer.Reply.ExpectError(status, code);
            }
        });

    /// <summary>While a write is under way on another stream, and before a read on a third: both are answered.</summary>
    private async Task AmongOthersAsync(Func<RawHttp2, Task> bad)
    {
        using var connection = await RawHttp2.OpenAsync(http2.Address);
        var key = ApiClient.NewName("key");
        var body = $$"""{"key":"{{key}}","value":"value"}""";
        var write = await connection.SendHeadersAsync(
            [.. RawHttp2.Request("POST", "/api/data", token), ("content-type", "application/json")],
            endStream: false
        );
        await connection.SendDataAsync(write, body[..10], endStream: false);

        await bad(connection);

        Assert.False(connection.HasEnded);
        await connection.SendDataAsync(write, body[10..]);
        Assert.Equal(201, (await connection.AnswerAsync(write)).Status);
        Assert.Equal(200, (await connection.ExchangeAsync(RawHttp2.Request("GET", $"/api/data/{key}", token))).Status);
    }
}
