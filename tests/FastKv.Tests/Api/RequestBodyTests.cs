using System.Net;
using System.Text;
using FastKv.Api;
using FastKv.Features.Data;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Api;

/// <summary>What is refused before its fields are looked at, for each of the four operations that have a body.</summary>
public sealed class RequestBodyTests(ServiceFixture fixture)
{
    private const string Register = "POST /api/register";
    private const string Token = "POST /api/token";
    private const string Store = "POST /api/data";
    private const string Update = "PUT /api/data/some";

    public static TheoryData<string> Operations => [Register, Token, Store, Update];

    public static IEnumerable<string> Unreadable =>
        [
            "",
            " \r\n\t",
            "null",
            "true",
            "[]",
            "\"text\"",
            "42",
            "{",
            "}",
            "{\"value\"}",
            "{\"value\":}",
            "{\"value\":\"v\"",
            "{\"value\":\"v\",}",
            "{\"value\":\"v\"}}",
            "{\"value\":\"v\"} {}",
            "{\"value\":\"v\"} x",
            "{value:\"v\"}",
            "{'value':'v'}",
            "{\"value\":\"v\" /* comment */}",
            "{\"value\":\"\\x\"}",
            "{\"value\":\"\\u12\"}",
            "{\"value\":\"\u0001\"}",
            "{\"value\":NaN}",
            "{\"value\":01}",
            "{\"deep\":" + new string('[', 1000) + new string(']', 1000) + "}",
            "<xml/>",
            "value=v",
            "\uFEFF{\"value\":\"v\"}",
        ];

    private readonly ApiClient api = fixture.Api;

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_body_that_is_not_one_JSON_object_is_an_invalid_request(string operation)
    {
        var token = await api.NewUserTokenAsync();
        foreach (var body in Unreadable)
        {
            var reply = await SendAsync(operation, token, ApiClient.Json(body));

            Assert.True(reply.Status == HttpStatusCode.BadRequest, $"{body} got {reply.Text}");
            reply.ExpectError("INVALID_REQUEST", "body");
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_body_that_is_not_UTF_8_is_an_invalid_request(string operation)
    {
        var token = await api.NewUserTokenAsync();
        byte[][] broken =
        [
            [0xFF],
            [0xC3],
            [0xC3, 0x28],
            [0xC0, 0xAF],
            [0xED, 0xA0, 0x80],
            [0xF5, 0x80, 0x80, 0x80],
        ];
        foreach (var bytes in broken)
        {
            byte[] body = [.. "{\"value\":\""u8, .. bytes, .. "\"}"u8];

            (await SendAsync(operation, token, Bytes(body))).ExpectError("INVALID_REQUEST", "body");
        }

        (await SendAsync(operation, token, Bytes(Encoding.Unicode.GetBytes("{\"value\":\"v\"}")))).ExpectError(
            "INVALID_REQUEST",
            "body"
        );
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_body_that_is_not_declared_as_JSON_is_an_unsupported_media_type(string operation)
    {
        var token = await api.NewUserTokenAsync();
        string?[] types =
        [
            null,
            "",
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "application/json-patch+json",
            "application/problem+json",
            "application/*",
            "application/json; charset=iso-8859-1",
            "application/json; charset=utf-16",
            "application/json, text/plain",
            "application/json; charset=utf-8; charset=utf-16",
            ";",
        ];
        foreach (var type in types)
        {
            var reply = await SendAsync(operation, token, Bytes("{\"value\":\"v\"}"u8.ToArray(), type));

            Assert.True(reply.Code == "UNSUPPORTED_MEDIA_TYPE", $"{type} got {reply.Text}");
            reply.ExpectError("UNSUPPORTED_MEDIA_TYPE");
            Assert.Contains("application/json", reply.Text, StringComparison.Ordinal);
        }

        (await SendAsync(operation, token, null)).ExpectError("UNSUPPORTED_MEDIA_TYPE");
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("APPLICATION/JSON")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/json;charset=UTF-8")]
    [InlineData("application/json; charset=\"utf-8\"")]
    [InlineData("application/json; profile=x")]
    [InlineData("application/json;")]
    [InlineData("application/json ; ; charset=utf-8;")]
    [InlineData("application/json; charset=utf8")]
    [InlineData("application/json; Charset=\"UTF8\"")]
    [InlineData("application/json; odata.metadata=minimal; charset=utf-8")]
    public async Task A_body_in_UTF_8_may_say_so(string type)
    {
        var token = await api.NewUserTokenAsync();
        var body = Bytes("""{"key":"ключ","value":"v"}"""u8.ToArray(), type);

        (await SendAsync(Store, token, body)).Expect(HttpStatusCode.Created);
        (await api.RetrieveAsync(token, "ключ")).Expect(HttpStatusCode.OK);
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_body_that_is_compressed_is_an_unsupported_media_type_that_says_why(string operation)
    {
        var token = await api.NewUserTokenAsync();
        foreach (var coding in new[] { "gzip", "br", "identity, gzip", "x" })
        {
            var body = Bytes("{\"value\":\"v\"}"u8.ToArray());
            body.Headers.TryAddWithoutValidation("Content-Encoding", coding);

            var reply = (await SendAsync(operation, token, body)).ExpectError("UNSUPPORTED_MEDIA_TYPE");

            Assert.Contains("Content-Encoding", reply.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_body_that_says_that_it_is_not_compressed_is_taken()
    {
        var token = await api.NewUserTokenAsync();
        var body = Bytes("""{"key":"k","value":"v"}"""u8.ToArray());
        body.Headers.TryAddWithoutValidation("Content-Encoding", "identity");

        (await SendAsync(Store, token, body)).Expect(HttpStatusCode.Created);
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_byte_order_mark_is_named(string operation)
    {
        var token = await api.NewUserTokenAsync();
        foreach (var body in new[] { "\uFEFF{\"value\":\"v\"}", "\uFEFF", "\uFEFF\uFEFF{}" })
        {
            var reply = await SendAsync(operation, token, ApiClient.Json(body));

            reply.ExpectError("INVALID_REQUEST", "body");
            Assert.Contains("byte order mark", reply.Text, StringComparison.Ordinal);
        }

        var other = (await SendAsync(operation, token, ApiClient.Json("\uFEFEx"))).ExpectError(
            "INVALID_REQUEST",
            "body"
        );
        Assert.DoesNotContain("byte order mark", other.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/token")]
    [InlineData("/api/data")]
    public async Task A_byte_order_mark_is_named_if_it_comes_in_pieces(string target)
    {
        var token = await api.NewUserTokenAsync();
        using var connection = await Abuse.RawConnection.OpenAsync(api.Address);
        await connection.SendAsync(
            $"POST {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
                + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        );
        await connection.ReadContinueAsync();
        foreach (var piece in new[] { "\u00EF", "\u00BB", "\u00BF", "{}" })
        {
            await connection.SendAsync(piece);

            // So that the next one comes by itself.
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        var answer = await connection.ReadAsync();

        Assert.Contains("byte order mark", System.Text.Encoding.UTF8.GetString(answer!.Body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Register, JsonBinder<object>.MaximumBodyLength)]
    [InlineData(Token, JsonBinder<object>.MaximumBodyLength)]
    [InlineData(Store, DataBody.MaximumBodyLength)]
    [InlineData(Update, DataBody.MaximumBodyLength)]
    public async Task A_body_above_the_limit_is_too_large_and_one_at_the_limit_is_not(string operation, int limit)
    {
        var token = await api.NewUserTokenAsync();
        (await api.StoreAsync(token, "some", "v")).Expect(HttpStatusCode.Created);
        var json = operation switch
        {
            Register => ApiClient.Registration().ToJsonString(),
            Token => """{"username":"nobody","password":"x"}""",
            Store => """{"key":"other","value":"v"}""",
            _ => """{"value":"v"}""",
        };
        var atTheLimit = Encoding.UTF8.GetBytes(json.PadRight(limit));
        var above = Encoding.UTF8.GetBytes(json.PadRight(limit + 1));

        (await SendAsync(operation, token, Bytes(above))).ExpectError("PAYLOAD_TOO_LARGE");
        (await SendAsync(operation, token, Chunked(above))).ExpectError("PAYLOAD_TOO_LARGE");
        var reply = await SendAsync(operation, token, Bytes(atTheLimit));
        Assert.Equal(
            operation switch
            {
                Token => HttpStatusCode.Unauthorized,
                Update => HttpStatusCode.OK,
                _ => HttpStatusCode.Created,
            },
            reply.Status
        );
    }

    [Theory]
    [InlineData(Register)]
    [InlineData(Store)]
    public async Task A_chunked_body_is_read(string operation)
    {
        var token = await api.NewUserTokenAsync();
        var json =
            operation == Register ? ApiClient.Registration().ToJsonString() : """{"key":"chunked","value":"v"}""";

        (await SendAsync(operation, token, Chunked(Encoding.UTF8.GetBytes(json)))).Expect(HttpStatusCode.Created);
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task Member_names_that_are_no_text_never_fail_the_service(string operation)
    {
        var token = await api.NewUserTokenAsync();
        string[] bodies =
        [
            """{"\ud800":1}""",
            """{"\ud800":1,"key":"k","value":"v"}""",
            """{"\udc00\ud800":"x","username":1}""",
            """{"value\ud800":"v"}""",
            """{"":1}""",
            "{\"" + new string('n', 5000) + "\":{}}",
        ];
        foreach (var body in bodies)
        {
            var reply = await SendAsync(operation, token, ApiClient.Json(body));

            Assert.True((int)reply.Status < 500, $"{body} got {reply.Text}");
            reply.ExpectWholeJson();
        }
    }

    [Fact]
    public async Task The_last_of_duplicate_members_counts()
    {
        var token = await api.NewUserTokenAsync();

        var stored = await api.PostTextAsync("/api/data", """{"key":1,"key":"k","value":"1","value":"2"}""", token);

        stored.Expect(HttpStatusCode.Created);
        Assert.Equal("2", (await api.RetrieveAsync(token, "k")).Json["data"]!["value"]!.GetValue<string>());
        (await api.PostTextAsync("/api/data", """{"key":"l","key":1,"value":"1"}""", token)).ExpectError(
            "INVALID_KEY",
            "key"
        );
        (await api.PostTextAsync("/api/token", """{"username":"a","password":"b","password":""}""")).ExpectError(
            "MISSING_FIELDS",
            "password"
        );
    }

    [Fact]
    public async Task Member_names_may_be_escaped_and_are_compared_exactly()
    {
        var token = await api.NewUserTokenAsync();

        var stored = await api.PostTextAsync("/api/data", """{"\u006bey":"k","\u0076alue":"v"}""", token);

        stored.Expect(HttpStatusCode.Created);
        (await api.PostTextAsync("/api/data", """{"Key":"k2","VALUE":"v"}""", token)).ExpectError(
            "INVALID_KEY",
            "key",
            "value"
        );
        (await api.PostTextAsync("/api/token", """{"Username":"a","PASSWORD":"b"}""")).ExpectError(
            "MISSING_FIELDS",
            "username",
            "password"
        );
    }

    [Fact]
    public async Task Unknown_members_are_ignored()
    {
        var token = await api.NewUserTokenAsync();
        var registration = ApiClient.Registration();
        registration["role"] = "admin";
        registration["user_id"] = "chosen";

        var registered = (await api.PostAsync("/api/register", registration)).Expect(HttpStatusCode.Created);

        Assert.NotEqual("chosen", registered.Json["data"]!["user_id"]!.GetValue<string>());
        (await api.PostTextAsync("/api/data", """{"ttl":{"a":[1,{}]},"key":"k","value":"v","x":null}""", token)).Expect(
            HttpStatusCode.Created
        );
    }

    private Task<Reply> SendAsync(string operation, string token, HttpContent? content)
    {
        var (method, target) = (operation.Split(' ')[0], operation.Split(' ')[1]);
        return api.SendAsync(new HttpMethod(method), target, token, content);
    }

    private static ByteArrayContent Bytes(byte[] body, string? type = "application/json")
    {
        var content = new ByteArrayContent(body);
        if (type is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        return content;
    }

    /// <summary>A body whose length is not said beforehand.</summary>
    private static StreamContent Chunked(byte[] body)
    {
        var content = new StreamContent(new UnknownLength(body));
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        return content;
    }

    private sealed class UnknownLength(byte[] body) : MemoryStream(body)
    {
        public override bool CanSeek => false;
    }
}
