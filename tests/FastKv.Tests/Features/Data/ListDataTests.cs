using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

public sealed class ListDataTests(ServiceFixture fixture)
{
    private static readonly string[] Odd =
    [
        " ",
        "\"",
        "%",
        "%2F",
        "+",
        "-",
        "/",
        "/a",
        "A",
        "\\",
        "a",
        "a b",
        "a/",
        "a/1",
        "a/10",
        "a/2",
        "a0",
        "aé",
        "b",
        "ÿ",
        "ж",
        "\u2028",
        "\uffff",
        "🔑",
        "\U0010ffff",
    ];

    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task Keys_are_listed_in_the_order_of_their_bytes_whatever_the_pages()
    {
        var token = await api.NewUserTokenAsync();
        (await api.GetAsync("/api/data", token)).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","data":{"items":[],"next_cursor":null}}"""
        );
        foreach (var key in Odd.Reverse())
        {
            (await api.StoreAsync(token, key, "v")).Expect(HttpStatusCode.Created);
        }

        string[] expected = [.. Odd.OrderBy(key => key, ByBytes)];

        foreach (var limit in new[] { 1, 2, 7, Odd.Length - 1, Odd.Length, Odd.Length + 1, 1000 })
        {
            Assert.Equal(expected, await api.ListAllAsync(token, $"limit={limit}"));
        }

        Assert.Equal(expected, await api.ListAllAsync(token, "unknown=1"));
    }

    [Theory]
    [InlineData("a", "a", "a b", "a/", "a/1", "a/10", "a/2", "a0", "aé")]
    [InlineData("a/", "a/", "a/1", "a/10", "a/2")]
    [InlineData("a%2F1", "a/1", "a/10")]
    [InlineData("a%20", "a b")]
    [InlineData("a+", "a b")]
    [InlineData("%2B", "+")]
    [InlineData("%25", "%", "%2F")]
    [InlineData("%252F", "%2F")]
    [InlineData("%F0%9F%94%91", "🔑")]
    [InlineData("a%C3%A9", "aé")]
    [InlineData("nothing")]
    public async Task A_prefix_selects(string prefix, params string[] expected)
    {
        var token = await api.NewUserTokenAsync();
        foreach (var key in Odd)
        {
            await api.StoreAsync(token, key, "v");
        }

        Assert.Equal(expected, await api.ListAllAsync(token, $"prefix={prefix}&limit=2"));
        Assert.Equal(expected, await api.ListAllAsync(token, $"limit=1000&prefix={prefix}"));
    }

    [Fact]
    public async Task A_page_has_100_keys_unless_another_limit_is_given_and_its_cursor_works_with_any()
    {
        var token = await api.NewUserTokenAsync();
        foreach (var batch in Enumerable.Range(0, 210).Chunk(100))
        {
            var operations = batch.Select(i => $$"""{"op":"store","key":"{{i:000}}","value":"v"}""");
            (await api.WriteBatchAsync(token, string.Join(',', operations))).Expect(HttpStatusCode.OK);
        }

        var first = (await api.GetAsync("/api/data", token)).Json["data"]!;
        var cursor = first["next_cursor"]!.GetValue<string>();
        var rest = (await api.GetAsync($"/api/data?limit=1000&cursor={cursor}", token)).Json["data"]!;
        var one = (await api.GetAsync($"/api/data?limit=1&cursor={cursor}", token)).Json["data"]!;

        Assert.Equal(100, first["items"]!.AsArray().Count);
        Assert.Matches("^[A-Za-z0-9_-]+$", cursor);
        Assert.Equal(110, rest["items"]!.AsArray().Count);
        Assert.Null(rest["next_cursor"]);
        Assert.Equal("100", Assert.Single(one["items"]!.AsArray())!["key"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_cursor_never_goes_stale()
    {
        var token = await api.NewUserTokenAsync();
        foreach (var key in new[] { "a", "b", "c", "d" })
        {
            await api.StoreAsync(token, key, "v");
        }

        var cursor = (await api.GetAsync("/api/data?limit=2", token)).Json["data"]!["next_cursor"]!.GetValue<string>();
        await api.DeleteAsync(token, "b");
        await api.DeleteAsync(token, "c");
        await api.StoreAsync(token, "bb", "v");

        Assert.Equal(["bb", "d"], await ListAsync($"cursor={cursor}"));
        Assert.Equal(["d"], await ListAsync($"cursor={cursor}&prefix=d"));
        Assert.Empty(await ListAsync($"cursor={cursor}&prefix=a"));
        await api.DeleteAsync(token, "d");
        await api.DeleteAsync(token, "bb");
        Assert.Empty(await ListAsync($"cursor={cursor}"));

        async Task<IEnumerable<string>> ListAsync(string query) =>
            (await api.GetAsync($"/api/data?{query}", token)).Expect(HttpStatusCode.OK).Json["data"]!["items"]!
                .AsArray()
                .Select(item => item!["key"]!.GetValue<string>());
    }

    [Fact]
    public async Task Every_way_of_writing_and_removing_is_seen()
    {
        var token = await api.NewUserTokenAsync();

        await api.StoreAsync(token, "stored", "v");
        await api.UpdateAsync(token, "upserted", """{"value":"v","expires_in":500}""", "?upsert=true");
        await api.ModifyAsync(token, "counted", """{"increment":1,"create":true}""");
        await api.WriteBatchAsync(
            token,
            """{"op":"store","key":"batch1","value":"v"},{"op":"upsert","key":"batch2","value":"v"}"""
        );
        await api.UpdateAsync(token, "never", "v");
        Assert.Equal(["batch1", "batch2", "counted", "stored", "upserted"], await api.ListAllAsync(token));
        var items = (await api.GetAsync("/api/data", token)).Json["data"]!["items"]!.AsArray();
        Assert.All(items.SkipLast(1), item => Assert.Null(item!["expires_in"]));
        Assert.InRange(items[^1]!["expires_in"]!.GetValue<long>(), 400, 500);

        await api.DeleteAsync(token, "stored");
        await api.WriteBatchAsync(token, """{"op":"delete","key":"batch1"},{"op":"delete","key":"counted"}""");
        Assert.Equal(["batch2", "upserted"], await api.ListAllAsync(token));
    }

    [Fact]
    public async Task Users_do_not_see_each_others_keys()
    {
        var (one, other) = (await api.NewUserTokenAsync(), await api.NewUserTokenAsync());
        await api.StoreAsync(one, "mine", "v");

        Assert.Empty(await api.ListAllAsync(other));
        Assert.Equal(["mine"], await api.ListAllAsync(one));
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=1001", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=", "limit")]
    [InlineData("limit", "limit")]
    [InlineData("limit=1.0", "limit")]
    [InlineData("limit=ten", "limit")]
    [InlineData("limit=99999999999999999999", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("prefix=%00", "prefix")]
    [InlineData("prefix=a%0Ab", "prefix")]
    [InlineData("prefix=%7F", "prefix")]
    [InlineData("prefix=%FF", "prefix")]
    [InlineData("prefix=%ED%A0%80", "prefix")]
    [InlineData("prefix=%", "prefix")]
    [InlineData("prefix=%zz", "prefix")]
    [InlineData("cursor=", "cursor")]
    [InlineData("cursor=!", "cursor")]
    [InlineData("cursor=YQ==", "cursor")]
    [InlineData("cursor=YR", "cursor")]
    [InlineData("cursor=Lg", "cursor")]
    [InlineData("cursor=AA", "cursor")]
    [InlineData("cursor=_w", "cursor")]
    [InlineData("limit=0&prefix=%00&cursor=!", "prefix", "limit", "cursor")]
    public async Task A_malformed_parameter_is_refused(string query, params string[] fields)
    {
        var token = await api.NewUserTokenAsync();

        (await api.GetAsync("/api/data?" + query, token)).ExpectError("INVALID_PARAMETER", fields);
    }

    [Fact]
    public async Task A_prefix_may_have_512_bytes_and_no_more()
    {
        var token = await api.NewUserTokenAsync();
        var key = new string('k', 512);
        await api.StoreAsync(token, key, "v");

        Assert.Equal([key], await api.ListAllAsync(token, "prefix=" + key));
        (await api.GetAsync($"/api/data?prefix={key}k", token)).ExpectError("INVALID_PARAMETER", "prefix");
        (await api.GetAsync($"/api/data?cursor={new string('a', 1000)}", token)).ExpectError(
            "INVALID_PARAMETER",
            "cursor"
        );
    }

    [Fact]
    public async Task The_longest_keys_fill_the_longest_page()
    {
        var token = await api.NewUserTokenAsync();
        string[] keys = [.. Enumerable.Range(0, 1001).Select(i => $"{i:0000}{new string('"', 508)}")];
        foreach (var batch in keys.Chunk(100))
        {
            var operations = batch.Select(key =>
                new JsonObject
                {
                    ["op"] = "store",
                    ["key"] = key,
                    ["value"] = "v",
                }.ToJsonString()
            );
            (await api.WriteBatchAsync(token, string.Join(',', operations))).Expect(HttpStatusCode.OK);
        }

        var page = (await api.GetAsync("/api/data?limit=1000", token)).Expect(HttpStatusCode.OK).ExpectWholeJson();

        Assert.Equal(1000, page.Json["data"]!["items"]!.AsArray().Count);
        Assert.Equal(keys, await api.ListAllAsync(token));
    }

    [Fact]
    public async Task Many_entries_that_expired_at_once_do_not_stand_in_the_way()
    {
        var token = await api.NewUserTokenAsync();
        foreach (var batch in Enumerable.Range(0, 3000).Chunk(100))
        {
            var operations = batch.Select(i => $$"""{"op":"store","key":"gone/{{i}}","value":"v","expires_in":1}""");
            (await api.WriteBatchAsync(token, string.Join(',', operations))).Expect(HttpStatusCode.OK);
        }

        await api.StoreAsync(token, "a", "v");
        await api.StoreAsync(token, "z", "v");
        await Wait.UntilAsync(
            "they have expired",
            async () => (await api.RetrieveAsync(token, "gone/2999")).Status == HttpStatusCode.NotFound
        );

        Assert.Equal(["a", "z"], await api.ListAllAsync(token, "limit=10"));
        Assert.Equal(["z"], await api.ListAllAsync(token, "prefix=z"));
    }

    private static readonly Comparer<string> ByBytes = Comparer<string>.Create(
        (one, other) => Encoding.UTF8.GetBytes(one).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(other))
    );
}
