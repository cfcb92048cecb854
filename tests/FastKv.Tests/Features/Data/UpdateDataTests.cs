using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

public sealed class UpdateDataTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task An_unknown_key_is_not_found_and_not_made()
    {
        var token = await api.NewUserTokenAsync();

        (await api.UpdateAsync(token, "unknown", "v")).ExpectError("KEY_NOT_FOUND");
        (await api.RetrieveAsync(token, "unknown")).ExpectError("KEY_NOT_FOUND");
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"value":null}""")]
    [InlineData("""{"value":""}""")]
    [InlineData("""{"value":12.5}""")]
    [InlineData("""{"value":[]}""")]
    [InlineData("""{"value":{}}""")]
    [InlineData("""{"value":"\udfff"}""")]
    [InlineData("""{"Value":"v"}""")]
    public async Task A_bad_value_is_refused_and_changes_nothing(string body)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "v");

        (await PutTextAsync("/api/data/k", body, token)).ExpectError("INVALID_VALUE", "value");
        (await api.RetrieveAsync(token, "k")).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","data":{"key":"k","value":"v"}}"""
        );
    }

    [Fact]
    public async Task Errors_are_decided_in_the_order_of_the_contract()
    {
        var token = await api.NewUserTokenAsync();

        (await PutTextAsync("/api/data/..", "{}", null)).ExpectError("INVALID_TOKEN");
        (await PutTextAsync("/api/data/..", "{}", token)).ExpectError("INVALID_KEY", "key");
        (await PutTextAsync("/api/data/unknown", "{}", token)).ExpectError("INVALID_VALUE");
        (await PutTextAsync("/api/data/unknown", """{"value":"v"}""", token)).ExpectError("KEY_NOT_FOUND");
    }

    [Fact]
    public async Task The_key_of_the_path_counts_and_not_one_of_the_body()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "v");

        (await PutTextAsync("/api/data/k", """{"key":7,"value":"new"}""", token)).Expect(HttpStatusCode.OK);
        Assert.Contains("\"new\"", (await api.RetrieveAsync(token, "k")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_may_have_1_MiB_and_no_more()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "v");
        var longest = new string('x', 1024 * 1024);

        (await api.UpdateAsync(token, "k", longest)).Expect(HttpStatusCode.OK);
        (await api.UpdateAsync(token, "k", longest + "x")).ExpectError("INVALID_VALUE", "value");
    }

    [Fact]
    public async Task An_update_never_brings_a_deleted_key_back()
    {
        var token = await api.NewUserTokenAsync();
        for (var round = 0; round < 40; round++)
        {
            var key = $"k{round}";
            await api.StoreAsync(token, key, "v");

            Task<Reply>[] before = [Update(0), Update(1)];
            var deleteAsync = api.DeleteAsync(token, key);
            Task<Reply>[] after = [Update(2), Update(3)];

            (await deleteAsync).Expect(HttpStatusCode.OK);
            foreach (var update in await Task.WhenAll([.. before, .. after]))
            {
                if (update.Status != HttpStatusCode.OK)
                {
                    update.ExpectError("KEY_NOT_FOUND");
                }
            }

            (await api.RetrieveAsync(token, key)).ExpectError("KEY_NOT_FOUND");

            Task<Reply> Update(int i) => api.UpdateAsync(token, key, $"new{i}");
        }
    }

    private Task<Reply> PutTextAsync(string target, string json, string? token) =>
        api.SendAsync(HttpMethod.Put, target, token, ApiClient.Json(json));
}
