using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Abuse;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Server;

/// <summary>A service that pages of one origin may use, over HTTP/1.1 and HTTP/2.</summary>
public sealed class CorsService(ServiceFixture fixture) : IAsyncLifetime
{
    internal const string AllowedOrigin = "https://app.example.com";

    internal OwnService Service { get; private set; } = null!;

    internal Uri Http2 { get; private set; } = null!;

    /// <summary>The origin of a page that a browser can load.</summary>
    internal StubServer Page { get; } = NewPage();

    internal string Token { get; private set; } = null!;

    /// <summary>A server whose every page is empty, and thereby an origin of its own.</summary>
    internal static StubServer NewPage() =>
        new("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<!doctype html>");

    public async ValueTask InitializeAsync()
    {
        var port = Wait.FreePort();
        Http2 = new Uri($"http://127.0.0.1:{port}");
        Service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Http__Http2Port", $"{port}"),
            ("FastKv__Http__AllowedOrigins__0", AllowedOrigin),
            ("FastKv__Http__AllowedOrigins__1", $"http://127.0.0.1:{Page.Port}"),
            ("FastKv__Limits__FailedLoginsPerUsername", "1")
        );
        Token = await Service.Api.NewUserTokenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Page.Dispose();
        await Service.DisposeAsync();
    }
}

/// <summary>Pages of other origins (https://fetch.spec.whatwg.org, CORS protocol): those that the operator named, and no others.</summary>
public sealed class CorsTests(CorsService cors, ServiceFixture fixture) : IClassFixture<CorsService>
{
    private const string AllowedOrigin = CorsService.AllowedOrigin;
    private const string AllowOrigin = "Access-Control-Allow-Origin";

    private readonly ApiClient api = cors.Service.Api;

    private Task<Reply> SendAsync(HttpMethod method, string target, string origin, HttpContent? content = null) =>
        api.SendAsync(method, target, null, content, ("Origin", origin));

    [Theory]
    [InlineData("/api/register", "POST")]
    [InlineData("/api/data/a%2Fb", "PUT")]
    [InlineData("/api/data/%00", "GET")]
    [InlineData("/api/batch/write", "POST")]
    [InlineData("/api/nothing", "DELETE")]
    public async Task A_preflight_is_answered_before_the_token_is_asked_for(string target, string method)
    {
        var reply = await api.SendAsync(
            HttpMethod.Options,
            target,
            null,
            null,
            ("Origin", AllowedOrigin),
            ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", "authorization,content-type,idempotency-key,if-match,if-none-match")
        );

        if (target.EndsWith("%00", StringComparison.Ordinal))
        {
            // The server itself refuses it: no browser sends it.
            reply.Expect(HttpStatusCode.BadRequest);
            return;
        }

        ExpectPreflight(reply);
    }

    [Fact]
    public async Task A_preflight_over_HTTP2_is_answered_alike()
    {
        using var connection = await RawHttp2.OpenAsync(cors.Http2);

        var answer = await connection.ExchangeAsync([
            .. RawHttp2.Request("OPTIONS", "/api/data/a"),
            ("origin", AllowedOrigin),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "authorization"),
        ]);

        ExpectPreflight(answer.Reply);
    }

    [Fact]
    public async Task A_preflight_of_an_origin_that_is_not_named_gets_no_permission()
    {
        foreach (var origin in new[] { "https://app.example.com.evil.example", "http://app.example.com", "null" })
        {
            var reply = await api.SendAsync(
                HttpMethod.Options,
                "/api/data/a",
                null,
                null,
                ("Origin", origin),
                ("Access-Control-Request-Method", "GET")
            );

            Assert.DoesNotContain(reply.Headers.Keys, IsOfCors);
            Assert.Empty(reply.Text);
        }
    }

    [Fact]
    public async Task OPTIONS_that_is_no_preflight_is_refused_as_ever()
    {
        var reply = (await SendAsync(HttpMethod.Options, "/api/data", AllowedOrigin)).ExpectError("METHOD_NOT_ALLOWED");

        Assert.Equal(AllowedOrigin, reply.Headers[AllowOrigin]);
    }

    [Fact]
    public async Task A_preflight_whose_body_is_ambiguous_is_none()
    {
        var reply = await RawHttp.ExchangeAsync(
            api.Address,
            $"OPTIONS /api/data HTTP/1.1\r\nHost: a\r\nOrigin: {AllowedOrigin}\r\nAccess-Control-Request-Method: GET\r\n"
                + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        );

        reply.ExpectError("INVALID_REQUEST");
        Assert.Equal("close", reply.Headers["Connection"]);
    }

    [Fact]
    public async Task Successes_may_be_read_with_their_headers()
    {
        var key = ApiClient.NewName("key");
        (await api.StoreAsync(cors.Token, key, "v")).Expect(HttpStatusCode.Created);

        var read = await api.SendAsync(
            HttpMethod.Get,
            ApiClient.PathOf(key),
            cors.Token,
            null,
            ("Origin", AllowedOrigin)
        );
        var same = await api.SendAsync(
            HttpMethod.Get,
            ApiClient.PathOf(key),
            cors.Token,
            null,
            ("Origin", AllowedOrigin),
            ("If-None-Match", read.Headers["ETag"])
        );

        ExpectAllowed(read.Expect(HttpStatusCode.OK));
        ExpectAllowed(same.Expect(HttpStatusCode.NotModified));
    }

    [Fact]
    public async Task Errors_of_every_kind_may_be_read()
    {
        await ExpectAsync(HttpStatusCode.BadRequest, HttpMethod.Post, "/api/token", Json("{}"));
        await ExpectAsync(HttpStatusCode.Unauthorized, HttpMethod.Get, "/api/data/a");
        await ExpectAsync(HttpStatusCode.NotFound, HttpMethod.Get, "/api/nothing");
        await ExpectAsync(HttpStatusCode.MethodNotAllowed, HttpMethod.Put, "/api/token", Json("{}"));
        await ExpectAsync(
            HttpStatusCode.RequestEntityTooLarge,
            HttpMethod.Post,
            "/api/token",
            Json(new string(' ', 100_000))
        );
        await ExpectAsync(HttpStatusCode.UnsupportedMediaType, HttpMethod.Post, "/api/token", new StringContent("{}"));
        var wrong = $$"""{"username":"{{ApiClient.NewName()}}","password":"wrong_password1"}""";
        await ExpectAsync(HttpStatusCode.Unauthorized, HttpMethod.Post, "/api/token", Json(wrong));
        await ExpectAsync(HttpStatusCode.TooManyRequests, HttpMethod.Post, "/api/token", Json(wrong));

        async Task ExpectAsync(HttpStatusCode status, HttpMethod method, string target, HttpContent? content = null)
        {
            ExpectAllowed((await SendAsync(method, target, AllowedOrigin, content)).Expect(status));
        }

        static HttpContent Json(string json) => ApiClient.Json(json);
    }

    [Fact]
    public async Task What_the_server_itself_refuses_may_be_read()
    {
        foreach (
            var bad in new[]
            {
                "X-Name: M\u00fcller",
                "no colon",
                "Content-Length: x",
                $"X-Name: {new string('a', 40_000)}",
            }
        )
        {
            var reply = await RawHttp.ExchangeAsync(
                api.Address,
                $"GET /api/data/a HTTP/1.1\r\nHost: a\r\nOrigin: {AllowedOrigin}\r\n{bad}\r\n\r\n"
            );

            Assert.InRange((int)reply.Status, 400, 499);
            ExpectAllowed(reply);
        }

        var other = await RawHttp.ExchangeAsync(
            api.Address,
            "GET /api/data/a HTTP/1.1\r\nHost: a\r\nOrigin: https://other.example\r\nno colon\r\n\r\n"
        );
        Assert.DoesNotContain(other.Headers.Keys, IsOfCors);
        Assert.Equal("Origin", other.Headers["Vary"]);
    }

    [Fact]
    public async Task What_is_refused_over_HTTP2_may_be_read()
    {
        using var connection = await RawHttp2.OpenAsync(cors.Http2);
        List<(string, string)> request = [.. RawHttp2.Request("GET", "/api/data/a"), ("origin", AllowedOrigin)];

        ExpectAllowed((await connection.ExchangeAsync(request)).Reply.ExpectError("INVALID_TOKEN"));
        ExpectAllowed(
            (await connection.ExchangeAsync([.. request, ("x-name", "M\u00fcller")])).Reply.ExpectError(
                "INVALID_REQUEST"
            )
        );
        ExpectAllowed((await connection.ExchangeAsync([.. request, ("x-name", new string('a', 40_000))])).Reply);
    }

    [Fact]
    public async Task What_is_shed_may_be_read()
    {
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Limits__MaxConcurrentRequests", "1"),
            ("FastKv__Limits__MinBytesPerSecond", "0"),
            ("FastKv__Http__AllowedOrigins__0", AllowedOrigin)
        );
        using var held = await RawConnection.OpenAsync(service.Address);
        await held.SendAsync(
            "POST /api/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        );
        await held.ReadContinueAsync();

        var shed = await service.Api.SendAsync(HttpMethod.Get, "/api/data", null, null, ("Origin", AllowedOrigin));

        ExpectAllowed(shed.ExpectError("STORE_UNAVAILABLE"));
    }

    [Fact]
    public async Task A_cache_learns_that_answers_differ_by_origin()
    {
        foreach (
            var target in new[] { "/api/data", "/", "/docs", "/docs/docs.css", "/openapi/v1.json", "/health/live" }
        )
        {
            foreach (var origin in new[] { null, AllowedOrigin, "https://other.example" })
            {
                (string, string)[] headers = origin is null ? [] : [("Origin", origin)];
                var reply = await api.SendAsync(HttpMethod.Get, target, null, null, headers);

                Assert.Single(reply.Headers["Vary"].Split(", "), "Origin");
                Assert.Equal(origin == AllowedOrigin, reply.Headers.ContainsKey(AllowOrigin));
            }
        }
    }

    [Fact]
    public async Task Any_origin_may_be_allowed_and_gets_no_credentials()
    {
        await using var service = await OwnService.StartAsync(fixture, ("FastKv__Http__AllowedOrigins__0", "*"));

        var reply = await service.Api.SendAsync(HttpMethod.Get, "/api/data", null, null, ("Origin", "null"));
        var refused = await RawHttp.ExchangeAsync(
            service.Address,
            "GET / HTTP/1.1\r\nHost: a\r\nOrigin: null\r\nno colon\r\n\r\n"
        );

        Assert.Equal("*", reply.Headers[AllowOrigin]);
        Assert.Equal("*", refused.Headers[AllowOrigin]);
        Assert.DoesNotContain("Access-Control-Allow-Credentials", reply.Headers.Keys);
    }

    [Fact]
    public async Task Without_the_setting_there_is_nothing_of_it()
    {
        var read = await fixture.Api.SendAsync(HttpMethod.Get, "/api/data", null, null, ("Origin", AllowedOrigin));
        var preflight = await fixture.Api.SendAsync(
            HttpMethod.Options,
            "/api/data",
            null,
            null,
            ("Origin", AllowedOrigin),
            ("Access-Control-Request-Method", "GET")
        );

        preflight.ExpectError("METHOD_NOT_ALLOWED");
        foreach (var reply in new[] { read, preflight })
        {
            Assert.DoesNotContain(reply.Headers.Keys, IsOfCors);
            Assert.DoesNotContain("Vary", reply.Headers.Keys);
        }
    }

    /// <summary>A whole visit, by the page's own means; what it learns.</summary>
    private const string Visit = """
        (async () => {
          const api = 'ADDRESS/api';
          const call = (method, path, body, headers) => fetch(api + path, {
            method, headers: { 'Content-Type': 'application/json', ...headers }, body: body && JSON.stringify(body) });
          const username = 'user-' + crypto.getRandomValues(new Uint32Array(4)).join('-');
          const user = { username, password: 'secure_password123' };
          const seen = {};
          try {
            seen.register = (await call('POST', '/register',
              { ...user, email: username + '@example.com', full_name: 'John Doe', age: 30, gender: 'male' })).status;
            const token = (await (await call('POST', '/token', user)).json()).data.access_token;
            const mine = { Authorization: 'Bearer ' + token };
            const store = await call('POST', '/data', { key: 'a/b', value: 'data_value' }, { ...mine, 'Idempotency-Key': 'one' });
            seen.store = store.status;
            const again = await call('POST', '/data', { key: 'a/b', value: 'data_value' }, { ...mine, 'Idempotency-Key': 'one' });
            seen.replayed = again.headers.get('Idempotent-Replayed');
            const read = await call('GET', '/data/a%2Fb', undefined, mine);
            seen.value = (await read.json()).data.value;
            seen.etag = read.headers.get('ETag');
            const unchanged = await fetch(api + '/data/a%2Fb',
              { cache: 'no-store', headers: { ...mine, 'If-None-Match': seen.etag } });
            seen.unchanged = unchanged.status;
            seen.update = (await call('PUT', '/data/a%2Fb', { value: 'new' }, { ...mine, 'If-Match': seen.etag })).status;
            seen.delete = (await call('DELETE', '/data/a%2Fb', undefined, mine)).status;
            seen.gone = (await (await call('GET', '/data/a%2Fb', undefined, mine)).json()).code;
            const wrong = { username: username + '-2', password: 'wrong_password1' };
            await call('POST', '/token', wrong);
            const locked = await call('POST', '/token', wrong);
            seen.locked = locked.status;
            seen.retryAfter = Number(locked.headers.get('Retry-After')) > 0;
          } catch (error) {
            seen.error = error.name;
          }
          return seen;
        })()
        """;

    [Fact]
    public async Task A_page_of_a_named_origin_does_all_that_there_is()
    {
        Assert.SkipUnless(Browser.IsInstalled, Browser.Missing);
        await using var browser = await Browser.StartAsync();
        await browser.OpenAsync(new Uri($"http://127.0.0.1:{cors.Page.Port}/"));

        var seen = (await browser.EvaluateAsync(VisitOf(api.Address)))!.AsObject();

        Assert.True(
            JsonNode.DeepEquals(
                seen,
                new JsonObject
                {
                    ["register"] = 201,
                    ["store"] = 201,
                    ["replayed"] = "true",
                    ["value"] = "data_value",
                    ["etag"] = "\"07530d8e01dd7333880f14137f599dca\"",
                    ["unchanged"] = 304,
                    ["update"] = 200,
                    ["delete"] = 200,
                    ["gone"] = "KEY_NOT_FOUND",
                    ["locked"] = 429,
                    ["retryAfter"] = true,
                }
            ),
            seen.ToJsonString()
        );
    }

    [Fact]
    public async Task A_page_of_another_origin_sees_nothing()
    {
        Assert.SkipUnless(Browser.IsInstalled, Browser.Missing);
        using var other = CorsService.NewPage();
        await using var browser = await Browser.StartAsync();
        await browser.OpenAsync(new Uri($"http://127.0.0.1:{other.Port}/"));

        var seen = (await browser.EvaluateAsync(VisitOf(api.Address)))!.AsObject();

        Assert.Equal("""{"error":"TypeError"}""", seen.ToJsonString());
    }

    private static string VisitOf(Uri service) =>
        Visit.Replace("ADDRESS", service.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal);

    private static bool IsOfCors(string header) =>
        header.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase);

    private static void ExpectAllowed(Reply reply)
    {
        Assert.Equal(AllowedOrigin, reply.Headers[AllowOrigin]);
        Assert.Equal("ETag,Idempotent-Replayed,Retry-After", Sorted(reply, "Access-Control-Expose-Headers"));
        Assert.Contains("Origin", reply.Headers["Vary"].Split(", "));
        Assert.DoesNotContain("Access-Control-Allow-Credentials", reply.Headers.Keys);
    }

    private static void ExpectPreflight(Reply reply)
    {
        reply.Expect(HttpStatusCode.NoContent);
        Assert.Empty(reply.Body);
        Assert.Equal(AllowedOrigin, reply.Headers[AllowOrigin]);
        Assert.Equal("DELETE,GET,HEAD,PATCH,POST,PUT", Sorted(reply, "Access-Control-Allow-Methods"));
        Assert.Equal(
            "Authorization,Content-Type,Idempotency-Key,If-Match,If-None-Match",
            Sorted(reply, "Access-Control-Allow-Headers")
        );
        Assert.Equal("600", reply.Headers["Access-Control-Max-Age"]);
        Assert.Contains("Origin", reply.Headers["Vary"].Split(", "));
    }

    private static string Sorted(Reply reply, string header) =>
        string.Join(
            ',',
            reply.Headers[header].Split(',', StringSplitOptions.TrimEntries).Order(StringComparer.Ordinal)
        );
}
