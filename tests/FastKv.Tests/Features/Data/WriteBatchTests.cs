using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

public sealed class WriteBatchTests(ServiceFixture fixture)
{
    private const string TagOf1 = "356a192b7913b04c54574d18c28d46e6";

    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task All_kinds_of_operations_are_done_together()
    {
        var token = await api.NewUserTokenAsync();
        await api.PostTextAsync("/api/data", """{"key":"b","value":"1","expires_in":500}""", token);
        await api.StoreAsync(token, "d", "1");
        await api.StoreAsync(token, "e", "1");

        (
            await api.WriteBatchAsync(
                token,
                $$"""
                {"op":"store","key":"a\"","value":"1","expires_in":60},
                {"op":"update","key":"b","value":"1","if_match":"{{TagOf1}}"},
                {"op":"upsert","key":"c","value":"1"},
                {"op":"delete","key":"d","if_match":"*"},
                {"op":"upsert","key":"e","value":"1","expires_in":null,"unknown":[{"op":1}]}
                """
            )
        ).ExpectSuccess(
            HttpStatusCode.OK,
            $$$"""{"status":"success","message":"Batch written successfully.","data":{"results":[{"key":"a\"","etag":"{{{TagOf1}}}"},{"key":"b","etag":"{{{TagOf1}}}"},{"key":"c","etag":"{{{TagOf1}}}"},{"key":"d","etag":null},{"key":"e","etag":"{{{TagOf1}}}"}]}}"""
        );

        var items = (await api.GetAsync("/api/data", token)).Json["data"]!["items"]!.AsArray();
        Assert.Equal(["a\"", "b", "c", "e"], items.Select(item => $"{item!["key"]}"));
        Assert.InRange(items[0]!["expires_in"]!.GetValue<long>(), 30, 60);
        Assert.InRange(items[1]!["expires_in"]!.GetValue<long>(), 400, 500);
        Assert.Null(items[2]!["expires_in"]);
        Assert.Null(items[3]!["expires_in"]);
    }

    [Fact]
    public async Task If_one_can_not_be_done_none_is_and_each_that_stands_in_the_way_is_named()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "there", "1");

        var reply = await api.WriteBatchAsync(
            token,
            """
            {"op":"store","key":"new","value":"1"},
            {"op":"store","key":"there","value":"2"},
            {"op":"update","key":"missing1","value":"2"},
            {"op":"delete","key":"missing2"},
            {"op":"upsert","key":"missing3","value":"2","if_match":"*"},
            {"op":"upsert","key":"fine","value":"2"}
            """
        );

        reply.ExpectError("BATCH_REJECTED", "operations[1]", "operations[2]", "operations[3]", "operations[4]");
        Assert.Equal(
            ["KEY_EXISTS", "KEY_NOT_FOUND", "KEY_NOT_FOUND", "PRECONDITION_FAILED"],
            reply.Json["details"]!.AsArray().Select(detail => $"{detail!["reason"]}")
        );
        Assert.Equal(["there"], await api.ListAllAsync(token));
        Assert.Contains("\"1\"", (await api.RetrieveAsync(token, "there")).Text, StringComparison.Ordinal);
        (await api.RetrieveAsync(token, "new")).ExpectError("KEY_NOT_FOUND");
    }

    [Theory]
    [InlineData("""{"op":"update","key":"there","value":"2","if_match":"00000000000000000000000000000000"}""")]
    [InlineData("""{"op":"upsert","key":"there","value":"2","if_match":"356A192B7913B04C54574D18C28D46E6"}""")]
    [InlineData("""{"op":"delete","key":"there","if_match":"00000000000000000000000000000000"}""")]
    public async Task A_batch_of_one_that_can_not_be_done_is_rejected_too(string operation)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "there", "1");

        var reply = await api.WriteBatchAsync(token, operation);

        reply.ExpectError("BATCH_REJECTED", "operations[0]");
        Assert.Equal("PRECONDITION_FAILED", $"{reply.Json["details"]![0]!["reason"]}");
        Assert.False(reply.Headers.ContainsKey("ETag"));
    }

    [Theory]
    [InlineData("", "INVALID_REQUEST", "operations")]
    [InlineData("1", "INVALID_REQUEST", "operations[0]")]
    [InlineData("[]", "INVALID_REQUEST", "operations[0]")]
    [InlineData("null", "INVALID_REQUEST", "operations[0]")]
    [InlineData("{}", "INVALID_REQUEST", "operations[0].key", "operations[0].op")]
    [InlineData("""{"op":"put","key":"a","value":"1"}""", "INVALID_REQUEST", "operations[0].op")]
    [InlineData("""{"op":"Store","key":"a","value":"1"}""", "INVALID_REQUEST", "operations[0].op")]
    [InlineData("""{"op":1,"key":"a","value":"1"}""", "INVALID_REQUEST", "operations[0].op")]
    [InlineData("""{"op":"store","key":"","value":"1"}""", "INVALID_KEY", "operations[0].key")]
    [InlineData("""{"op":"store","value":"1"}""", "INVALID_KEY", "operations[0].key")]
    [InlineData("""{"op":"store","key":7,"value":"1"}""", "INVALID_KEY", "operations[0].key")]
    [InlineData("""{"op":"store","key":"a"}""", "INVALID_VALUE", "operations[0].value")]
    [InlineData("""{"op":"update","key":"a","value":""}""", "INVALID_VALUE", "operations[0].value")]
    [InlineData("""{"op":"upsert","key":"a","value":{"b":"c"}}""", "INVALID_VALUE", "operations[0].value")]
    [InlineData(
        """{"op":"store","key":"a","value":"1","expires_in":0}""",
        "INVALID_EXPIRY",
        "operations[0].expires_in"
    )]
    [InlineData(
        """{"op":"update","key":"a","value":"1","if_match":"x"}""",
        "INVALID_PARAMETER",
        "operations[0].if_match"
    )]
    [InlineData("""{"op":"delete","key":"a","if_match":null}""", "INVALID_PARAMETER", "operations[0].if_match")]
    [InlineData(
        """{"op":"delete","key":"a","if_match":"\"356a192b7913b04c54574d18c28d46e6\""}""",
        "INVALID_PARAMETER",
        "operations[0].if_match"
    )]
    [InlineData(
        """{"op":"store","key":"a","value":"1"},{"op":"delete","key":"a"}""",
        "INVALID_REQUEST",
        "operations[1].key"
    )]
    [InlineData(
        """{"op":"store","key":"a","value":"1"},{"op":"update","key":"..","value":"","expires_in":"x","if_match":"y"}""",
        "INVALID_KEY",
        "operations[1].key",
        "operations[1].value",
        "operations[1].expires_in",
        "operations[1].if_match"
    )]
    public async Task What_is_malformed_is_refused(string operations, string code, params string[] fields)
    {
        var token = await api.NewUserTokenAsync();

        (await api.WriteBatchAsync(token, operations)).ExpectError(code, fields);

        Assert.Empty(await api.ListAllAsync(token));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"operations":null}""")]
    [InlineData("""{"operations":{"op":"delete","key":"a"}}""")]
    [InlineData("""{"operations":[{"op":"delete","key":"a"}],"operations":[]}""")]
    [InlineData("""{"operations":[{"op":"store","key":"a","value":"1"}],"operations":7}""")]
    public async Task What_has_no_list_of_operations_is_refused(string body)
    {
        var token = await api.NewUserTokenAsync();

        (await api.PostTextAsync("/api/batch/write", body, token)).ExpectError("INVALID_REQUEST", "operations");
        (await api.PostTextAsync("/api/batch/write", body)).ExpectError("INVALID_TOKEN");
        (await api.PostTextAsync("/api/batch/write", $"[{body}]", token)).ExpectError("INVALID_REQUEST", "body");
    }

    [Fact]
    public async Task A_hundred_operations_are_taken_and_no_more()
    {
        var token = await api.NewUserTokenAsync();
        string[] operations =
        [
            .. Enumerable.Range(0, 101).Select(i => $$"""{"op":"store","key":"{{i:000}}","value":"v"}"""),
        ];

        (await api.WriteBatchAsync(token, string.Join(',', operations))).ExpectError("INVALID_REQUEST", "operations");
        Assert.Empty(await api.ListAllAsync(token));
        (await api.WriteBatchAsync(token, string.Join(',', operations[..100]))).Expect(HttpStatusCode.OK);
        Assert.Equal(100, (await api.ListAllAsync(token)).Count);
    }

    [Fact]
    public async Task Six_large_values_go_in_one_batch_and_more_than_7_MiB_do_not()
    {
        var token = await api.NewUserTokenAsync();
        var value = new string('x', 1024 * 1024);

        (await api.WriteBatchAsync(token, Operations(6))).Expect(HttpStatusCode.OK);
        Assert.Equal(value, $"{(await api.RetrieveAsync(token, "k5")).Json["data"]!["value"]}");
        (await api.WriteBatchAsync(token, Operations(8))).ExpectError("PAYLOAD_TOO_LARGE");
        (await api.WriteBatchAsync(token, $$"""{"op":"store","key":"k9","value":"{{value}}x"}""")).ExpectError(
            "INVALID_VALUE",
            "operations[0].value"
        );

        string Operations(int count) =>
            string.Join(
                ',',
                Enumerable.Range(0, count).Select(i => $$"""{"op":"upsert","key":"k{{i}}","value":"{{value}}"}""")
            );
    }
}
