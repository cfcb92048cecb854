using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Server;

public sealed class RequestTargetTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Theory]
    [InlineData("other.example")]
    [InlineData("")]
    [InlineData("a:99")]
    public async Task The_host_of_a_whole_URL_goes_before_the_header(string host)
    {
        var token = await api.NewUserTokenAsync();
        (await api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);

        var reply = await RawHttp.ExchangeAsync(
            api.Address,
            $"GET {new Uri(api.Address, "/api/data/k")} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );

        reply.Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_target_may_be_a_whole_URL()
    {
        var token = await api.NewUserTokenAsync();
        foreach (var key in new[] { "a/b", "100%", "k" })
        {
            (await api.StoreAsync(token, key, "v")).Expect(HttpStatusCode.Created);
            var target = new Uri(api.Address, "/").ToString().TrimEnd('/') + ApiClient.PathOf(key);

            (await GetAsync(target)).Expect(HttpStatusCode.OK);
        }

        foreach (var segment in new[] { "..", "%2E", "", "%zz" })
        {
            (await GetAsync(new Uri(api.Address, "/api/data/") + segment)).ExpectError("INVALID_KEY");
        }

        (await GetAsync($"http://{api.Address.Authority}")).ExpectWholeJson();

        Task<Reply> GetAsync(string target) =>
            RawHttp.ExchangeAsync(
                api.Address,
                $"GET {target} HTTP/1.1\r\nHost: {api.Address.Authority}\r\nAuthorization: Bearer {token}\r\n\r\n"
            );
    }
}
