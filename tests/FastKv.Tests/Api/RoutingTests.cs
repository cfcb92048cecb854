using System.Net;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Api;

public sealed class RoutingTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Theory]
    [InlineData("GET", "/api")]
    [InlineData("GET", "/nothing/here")]
    [InlineData("POST", "/api/registers")]
    [InlineData("PUT", "/api/database")]
    [InlineData("GET", "/_test_url_cache_")]
    [InlineData("POST", "/api/nothing?key=a")]
    public async Task An_unknown_route_is_not_found(string method, string target)
    {
        (await api.SendAsync(new HttpMethod(method), target)).ExpectError("NOT_FOUND");
    }

    [Theory]
    [InlineData("GET", "/api/register", "POST")]
    [InlineData("PUT", "/api/register", "POST")]
    [InlineData("PUT", "/api/token", "DELETE, POST")]
    [InlineData("GET", "/api/token", "DELETE, POST")]
    [InlineData("GET", "/api/token/renew", "POST")]
    [InlineData("DELETE", "/api/account", "GET")]
    [InlineData("POST", "/api/account/password", "PUT")]
    [InlineData("PUT", "/api/data", "GET, POST")]
    [InlineData("DELETE", "/api/data", "GET, POST")]
    [InlineData("GET", "/api/batch/write", "POST")]
    [InlineData("PUT", "/api/batch/retrieve", "POST")]
    [InlineData("OPTIONS", "/api/data", "GET, POST")]
    [InlineData("POST", "/api/data/some", "DELETE, GET, HEAD, PATCH, PUT")]
    [InlineData("POST", "/api/data/a/b", "DELETE, GET, HEAD, PATCH, PUT")]
    [InlineData("OPTIONS", "/api/data/some", "DELETE, GET, HEAD, PATCH, PUT")]
    [InlineData("QUERY", "/api/data/%2E%2E", "DELETE, GET, HEAD, PATCH, PUT")]
    [InlineData("POST", "/health/live", "GET, HEAD")]
    [InlineData("DELETE", "/health/ready", "GET, HEAD")]
    [InlineData("POST", "/docs", "GET, HEAD")]
    [InlineData("PUT", "/openapi/v1.json", "GET, HEAD")]
    [InlineData("POST", "/", "GET, HEAD")]
    public async Task A_method_that_a_route_does_not_answer_is_refused_with_those_it_does(
        string method,
        string target,
        string allowed
    )
    {
        var reply = (await api.SendAsync(new HttpMethod(method), target)).ExpectError("METHOD_NOT_ALLOWED");

        Assert.Equal(allowed, string.Join(", ", reply.Headers["Allow"].Split(", ").Order()));
    }

    [Fact]
    public async Task An_answer_to_HEAD_has_no_body()
    {
        var reply = await api.SendAsync(HttpMethod.Head, "/api/register");

        reply.Expect(HttpStatusCode.MethodNotAllowed);
        Assert.Empty(reply.Body);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/docs")]
    [InlineData("/docs/docs.js")]
    [InlineData("/docs/docs.css")]
    [InlineData("/docs/swagger-ui-bundle.js")]
    [InlineData("/docs/favicon.png")]
    [InlineData("/openapi/v1.json")]
    public async Task HEAD_is_answered_as_GET_without_the_body(string target)
    {
        foreach (var accept in new[] { "*/*", "text/html" })
        {
            var get = await api.SendAsync(HttpMethod.Get, target, null, null, ("Accept", accept));
            var head = await api.SendAsync(HttpMethod.Head, target, null, null, ("Accept", accept));

            Assert.Equal(get.Status, head.Status);
            Assert.Empty(head.Body);
            Assert.Equal(Headers(get), Headers(head));
        }

        static IEnumerable<string> Headers(Reply reply) =>
            reply
                .Headers.Where(header => header.Key != "Date")
                .Select(header => $"{header.Key}: {header.Value}")
                .Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_query_is_ignored()
    {
        var token = await api.NewUserTokenAsync();
        (await api.StoreAsync(token, "a", "b")).Expect(HttpStatusCode.Created);

        (await api.GetAsync("/api/data/a?key=/other", token)).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","data":{"key":"a","value":"b"}}"""
        );
    }
}
