using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

public sealed class StoreDataTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task An_entry_is_stored_retrieved_updated_and_deleted()
    {
        var token = await api.NewUserTokenAsync();

        (await api.StoreAsync(token, "unique_key", "data_value")).ExpectSuccess(
            HttpStatusCode.Created,
            """{"status":"success","message":"Data stored successfully."}"""
        );
        (await api.RetrieveAsync(token, "unique_key")).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","data":{"key":"unique_key","value":"data_value"}}"""
        );
        (await api.UpdateAsync(token, "unique_key", "new_data_value")).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","message":"Data updated successfully."}"""
        );
        (await api.RetrieveAsync(token, "unique_key")).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","data":{"key":"unique_key","value":"new_data_value"}}"""
        );
        (await api.DeleteAsync(token, "unique_key")).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","message":"Data deleted successfully."}"""
        );
        (await api.RetrieveAsync(token, "unique_key")).ExpectError("KEY_NOT_FOUND");
        (await api.StoreAsync(token, "unique_key", "again")).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_key_that_exists_is_refused_and_keeps_its_value()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "first");

        (await api.StoreAsync(token, "k", "second")).ExpectError("KEY_EXISTS");

        Assert.Contains("\"first\"", (await api.RetrieveAsync(token, "k")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"value":"v"}""")]
    [InlineData("""{"key":null,"value":"v"}""")]
    [InlineData("""{"key":"","value":"v"}""")]
    [InlineData("""{"key":".","value":"v"}""")]
    [InlineData("""{"key":"..","value":"v"}""")]
    [InlineData("""{"key":"\u002e\u002e","value":"v"}""")]
    [InlineData("""{"key":1,"value":"v"}""")]
    [InlineData("""{"key":true,"value":"v"}""")]
    [InlineData("""{"key":["k"],"value":"v"}""")]
    [InlineData("""{"key":{"a":"k"},"value":"v"}""")]
    [InlineData("""{"key":"\u0000","value":"v"}""")]
    [InlineData("""{"key":"a\nb","value":"v"}""")]
    [InlineData("""{"key":"a\u001f","value":"v"}""")]
    [InlineData("""{"key":"\u007fb","value":"v"}""")]
    [InlineData("""{"key":"\ud800","value":"v"}""")]
    [InlineData("""{"key":"a\udd11\ud83d","value":"v"}""")]
    public async Task A_bad_key_is_refused(string body)
    {
        var token = await api.NewUserTokenAsync();

        (await api.PostTextAsync("/api/data", body, token)).ExpectError("INVALID_KEY", "key");
    }

    [Theory]
    [InlineData("""{"key":"k"}""")]
    [InlineData("""{"key":"k","value":null}""")]
    [InlineData("""{"key":"k","value":""}""")]
    [InlineData("""{"key":"k","value":0}""")]
    [InlineData("""{"key":"k","value":false}""")]
    [InlineData("""{"key":"k","value":{"a":"b"}}""")]
    [InlineData("""{"key":"k","value":["a"]}""")]
    [InlineData("""{"key":"k","value":"\ud83d"}""")]
    [InlineData("""{"key":"k","value":"\udd11\ud83d"}""")]
    public async Task A_bad_value_is_refused(string body)
    {
        var token = await api.NewUserTokenAsync();

        (await api.PostTextAsync("/api/data", body, token)).ExpectError("INVALID_VALUE", "value");
        (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
    }

    [Fact]
    public async Task A_bad_key_is_decided_before_a_bad_value_and_both_are_named()
    {
        var token = await api.NewUserTokenAsync();

        (await api.PostTextAsync("/api/data", "{}", token)).ExpectError("INVALID_KEY", "key", "value");
    }

    [Fact]
    public async Task A_bad_value_is_decided_before_an_existing_key()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "v");

        (await api.PostTextAsync("/api/data", """{"key":"k","value":7}""", token)).ExpectError("INVALID_VALUE");
    }

    [Fact]
    public async Task The_token_is_decided_before_everything_else()
    {
        (await api.SendAsync(HttpMethod.Post, "/api/data")).ExpectError("INVALID_TOKEN");
        (await api.PostTextAsync("/api/data", "{}")).ExpectError("INVALID_TOKEN");
        (await api.PostTextAsync("/api/data", "[", "no.token.this")).ExpectError("INVALID_TOKEN");
    }

    [Theory]
    [InlineData("a", 512)]
    [InlineData("ж", 256)]
    [InlineData("🔑", 128)]
    public async Task A_key_may_have_512_bytes_and_no_more(string character, int count)
    {
        var token = await api.NewUserTokenAsync();
        var longest = string.Concat(Enumerable.Repeat(character, count));

        (await api.StoreAsync(token, longest, "v")).Expect(HttpStatusCode.Created);
        (await api.RetrieveAsync(token, longest)).Expect(HttpStatusCode.OK);
        (await api.StoreAsync(token, longest + "a", "v")).ExpectError("INVALID_KEY", "key");
    }

    [Fact]
    public async Task The_length_of_a_key_is_that_after_unescaping()
    {
        var token = await api.NewUserTokenAsync();
        var escaped = string.Concat(Enumerable.Repeat("\\u0041", 512));

        (await api.PostTextAsync("/api/data", $$"""{"key":"{{escaped}}","value":"v"}""", token)).Expect(
            HttpStatusCode.Created
        );
        (await api.RetrieveAsync(token, new string('A', 512))).Expect(HttpStatusCode.OK);
        (await api.PostTextAsync("/api/data", $$"""{"key":"{{escaped}}A","value":"v"}""", token)).ExpectError(
            "INVALID_KEY"
        );
    }

    [Theory]
    [InlineData("a", 1048576, false)]
    [InlineData("é", 524288, false)]
    [InlineData("🔑", 262144, false)]
    [InlineData("A", 1048576, true)]
    public async Task A_value_may_have_1_MiB_and_no_more(string character, int count, bool escaped)
    {
        var token = await api.NewUserTokenAsync();
        var written = string.Concat(Enumerable.Repeat(escaped ? "\\u0041" : character, count));

        (await api.PostTextAsync("/api/data", $$"""{"key":"k","value":"{{written}}"}""", token)).Expect(
            HttpStatusCode.Created
        );
        (await api.PostTextAsync("/api/data", $$"""{"key":"k2","value":"{{written}}a"}""", token)).ExpectError(
            "INVALID_VALUE",
            "value"
        );
        var retrieved = (await api.RetrieveAsync(token, "k")).ExpectWholeJson();
        Assert.Equal(
            string.Concat(Enumerable.Repeat(character, count)),
            retrieved.Json["data"]!["value"]!.GetValue<string>()
        );
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("\0")]
    [InlineData("\r\n\t\b\f\u001f\u007f")]
    [InlineData("\"quoted\" \\ back / slash")]
    [InlineData("{\"json\":[1,null]}")]
    [InlineData("<script>&'+;\u2028\u2029\u0080\ufeff")]
    [InlineData("ключ 🔑 e\u0301 \u00e9 \ud83d\udc68\u200d\ud83d\udc69")]
    [InlineData("\uffff\ufffe\ufffd\U0010ffff")]
    [InlineData("%2F %00 +")]
    public async Task Any_text_is_a_value_and_comes_back_as_it_was(string value)
    {
        var token = await api.NewUserTokenAsync();

        (await api.StoreAsync(token, "k", value)).Expect(HttpStatusCode.Created);
        var stored = (await api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK).ExpectWholeJson();
        Assert.Equal(value, stored.Json["data"]!["value"]!.GetValue<string>());
        (await api.UpdateAsync(token, "k", value + value)).Expect(HttpStatusCode.OK);
        Assert.Equal(value + value, (await api.RetrieveAsync(token, "k")).Json["data"]!["value"]!.GetValue<string>());
    }

    [Fact]
    public async Task Of_64_parallel_stores_of_one_key_exactly_one_wins()
    {
        var token = await api.NewUserTokenAsync();

        var replies = await Task.WhenAll(
            Enumerable.Range(0, 64).Select(async i => (i, Reply: await api.StoreAsync(token, "race", $"v{i}")))
        );

        var (winner, _) = Assert.Single(replies, each => each.Reply.Status == HttpStatusCode.Created);
        Assert.All(replies.Where(each => each.i != winner), each => each.Reply.ExpectError("KEY_EXISTS"));
        Assert.Equal($"v{winner}", (await api.RetrieveAsync(token, "race")).Json["data"]!["value"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_same_key_of_two_users_is_two_entries()
    {
        var mine = await api.NewUserTokenAsync();
        var yours = await api.NewUserTokenAsync();

        (await api.StoreAsync(mine, "k", "mine")).Expect(HttpStatusCode.Created);
        (await api.RetrieveAsync(yours, "k")).ExpectError("KEY_NOT_FOUND");
        (await api.UpdateAsync(yours, "k", "stolen")).ExpectError("KEY_NOT_FOUND");
        (await api.DeleteAsync(yours, "k")).ExpectError("KEY_NOT_FOUND");
        (await api.StoreAsync(yours, "k", "yours")).Expect(HttpStatusCode.Created);
        (await api.DeleteAsync(yours, "k")).Expect(HttpStatusCode.OK);

        Assert.Equal("mine", (await api.RetrieveAsync(mine, "k")).Json["data"]!["value"]!.GetValue<string>());
    }

    [Fact]
    public async Task No_key_reaches_into_the_space_of_another_user()
    {
        var registered = await api.PostAsync("/api/register", ApiClient.Registration());
        var victim = registered.Json["data"]!.AsObject();
        var (userId, username) = (Text(victim, "user_id"), Text(victim, "username"));
        var theirs = await api.SignInAsync(username);
        await api.StoreAsync(theirs, "k", "secret");
        var mine = await api.NewUserTokenAsync();

        string[] attempts =
        [
            $"fastkv:data:{{{userId}}}:k",
            $"}}:k",
            $"../{{{userId}}}:k",
            $"{{{userId}}}:k",
            $"{userId}:k",
            $"fastkv:user:{username}",
            $"fastkv:email:{Text(victim, "email")}",
            "*",
        ];
        foreach (var attempt in attempts)
        {
            (await api.RetrieveAsync(mine, attempt)).ExpectError("KEY_NOT_FOUND");
            (await api.DeleteAsync(mine, attempt)).ExpectError("KEY_NOT_FOUND");
        }

        Assert.Equal("secret", (await api.RetrieveAsync(theirs, "k")).Json["data"]!["value"]!.GetValue<string>());
    }

    private static string Text(JsonObject data, string member) => data[member]!.GetValue<string>();
}
