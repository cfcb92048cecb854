using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

public sealed class DeleteDataTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task A_key_is_deleted_once()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "v");

        (await api.DeleteAsync(token, "k")).Expect(HttpStatusCode.OK);
        (await api.DeleteAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
    }

    [Fact]
    public async Task Of_64_parallel_deletes_exactly_one_wins()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "v");

        var replies = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => api.DeleteAsync(token, "k")));

        var winner = Assert.Single(replies, reply => reply.Status == HttpStatusCode.OK);
        Assert.All(replies.Where(reply => reply != winner), reply => reply.ExpectError("KEY_NOT_FOUND"));
    }

    [Fact]
    public async Task Errors_are_decided_in_the_order_of_the_contract()
    {
        var token = await api.NewUserTokenAsync();

        (await api.SendAsync(HttpMethod.Delete, "/api/data/%")).ExpectError("INVALID_TOKEN");
        (await api.SendAsync(HttpMethod.Delete, "/api/data/%", token)).ExpectError("INVALID_KEY", "key");
        (await api.SendAsync(HttpMethod.Delete, "/api/data/k", token)).ExpectError("KEY_NOT_FOUND");
    }

    [Fact]
    public async Task A_body_or_its_type_is_ignored()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "v");

        (await api.SendAsync(HttpMethod.Delete, "/api/data/k", token, ApiClient.Json("["))).Expect(HttpStatusCode.OK);
    }
}
