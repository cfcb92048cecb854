using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

public sealed class RetrieveBatchTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task Values_come_in_the_order_asked_and_what_is_missing_is_named()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "a", "1");
        await api.PostTextAsync("/api/data", """{"key":"b\"","value":"two\n\u0001","expires_in":315360000}""", token);

        (await api.ReadBatchAsync(token, "b\"", "x\"", "a", "a", "y")).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","data":{"items":[{"key":"b\"","value":"two\n\u0001","etag":"8eab35fbba0cbb7d45b0d3a6e6d7a3b1","expires_in":315360000},{"key":"a","value":"1","etag":"356a192b7913b04c54574d18c28d46e6","expires_in":null},{"key":"a","value":"1","etag":"356a192b7913b04c54574d18c28d46e6","expires_in":null}],"missing":["x\"","y"],"unread":[]}}""".Replace(
                "8eab35fbba0cbb7d45b0d3a6e6d7a3b1",
                (await api.RetrieveAsync(token, "b\"")).Headers["ETag"].Trim('"'),
                StringComparison.Ordinal
            )
        );
        (await api.ReadBatchAsync(token, "x")).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","data":{"items":[],"missing":["x"],"unread":[]}}"""
        );
    }

    [Fact]
    public async Task A_hundred_keys_may_be_asked_for_and_no_more()
    {
        var token = await api.NewUserTokenAsync();
        string[] keys = [.. Enumerable.Range(0, 100).Select(i => $"{i}{new string('\\', 500)}")];
        foreach (var key in keys)
        {
            await api.StoreAsync(token, key, key);
        }

        var data = (await api.ReadBatchAsync(token, keys)).Expect(HttpStatusCode.OK).ExpectWholeJson().Json["data"]!;

        Assert.Equal(keys, data["items"]!.AsArray().Select(item => item!["key"]!.GetValue<string>()));
        Assert.Equal(keys, data["items"]!.AsArray().Select(item => item!["value"]!.GetValue<string>()));
        (await api.ReadBatchAsync(token, [.. keys, "a"])).ExpectError("INVALID_REQUEST", "keys");
        (await api.ReadBatchAsync(token)).ExpectError("INVALID_REQUEST", "keys");
    }

    [Fact]
    public async Task Beyond_8_MiB_the_rest_is_unread_and_asked_for_again()
    {
        var token = await api.NewUserTokenAsync();
        var value = new string('"', 1024 * 1024);
        string[] keys = [.. Enumerable.Range(0, 10).Select(i => $"k{i}")];
        foreach (var key in keys)
        {
            (await api.StoreAsync(token, key, value)).Expect(HttpStatusCode.Created);
        }

        var first = (await api.ReadBatchAsync(token, [.. keys, "missing"])).Expect(HttpStatusCode.OK).ExpectWholeJson();
        var second = await api.ReadBatchAsync(token, NamesOf(first, "unread"));

        Assert.Equal(keys[..8], first.Json["data"]!["items"]!.AsArray().Select(item => $"{item!["key"]}"));
        Assert.All(first.Json["data"]!["items"]!.AsArray(), item => Assert.Equal(value, $"{item!["value"]}"));
        Assert.Equal(["k8", "k9", "missing"], NamesOf(first, "unread"));
        Assert.Equal(keys[8..], second.Json["data"]!["items"]!.AsArray().Select(item => $"{item!["key"]}"));
        Assert.Equal(["missing"], NamesOf(second, "missing"));
    }

    [Theory]
    [InlineData("{}", "INVALID_REQUEST", "keys")]
    [InlineData("""{"keys":null}""", "INVALID_REQUEST", "keys")]
    [InlineData("""{"keys":"a"}""", "INVALID_REQUEST", "keys")]
    [InlineData("""{"keys":{"a":1}}""", "INVALID_REQUEST", "keys")]
    [InlineData("""{"keys":["a"],"keys":[]}""", "INVALID_REQUEST", "keys")]
    [InlineData("""{"keys":["a",1]}""", "INVALID_KEY", "keys[1]")]
    [InlineData(
        """{"keys":["a",null,"..",["b"],{"c":"d"},"","a\n"]}""",
        "INVALID_KEY",
        "keys[1]",
        "keys[2]",
        "keys[3]",
        "keys[4]",
        "keys[5]",
        "keys[6]"
    )]
    [InlineData("[]", "INVALID_REQUEST", "body")]
    public async Task What_is_malformed_is_refused(string body, string code, params string[] fields)
    {
        var token = await api.NewUserTokenAsync();

        (await api.PostTextAsync("/api/batch/retrieve", body, token)).ExpectError(code, fields);
    }

    [Fact]
    public async Task Of_a_member_that_is_there_twice_the_last_counts_and_others_are_ignored()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "a", "1");

        var reply = await api.PostTextAsync(
            "/api/batch/retrieve",
            """{"x":["q"],"keys":["b"],"y":{"keys":["z"]},"keys":["a"]}""",
            token
        );

        Assert.Single(reply.Expect(HttpStatusCode.OK).Json["data"]!["items"]!.AsArray());
        Assert.Empty(NamesOf(reply, "missing"));
    }

    [Fact]
    public async Task A_user_reads_no_others()
    {
        var (one, other) = (await api.NewUserTokenAsync(), await api.NewUserTokenAsync());
        await api.StoreAsync(one, "a", "1");

        Assert.Equal(["a"], NamesOf(await api.ReadBatchAsync(other, "a"), "missing"));
        (await api.PostAsync("/api/batch/retrieve", new JsonObject { ["keys"] = new JsonArray("a") })).ExpectError(
            "INVALID_TOKEN"
        );
    }

    private static string[] NamesOf(Reply reply, string member) =>
        [.. reply.Expect(HttpStatusCode.OK).Json["data"]![member]!.AsArray().Select(name => name!.GetValue<string>())];
}
