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
    [InlineData("POST", "/health/live", "GET")]
    [InlineData("DELETE", "/health/ready", "GET")]
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
