using System.Net;
using FastKv.Tests.Abuse;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

/// <summary>What was asked once, under one <c>Idempotency-Key</c>, is done once.</summary>
public sealed class IdempotencyKeyTests(ServiceFixture fixture)
{
    private static readonly (string, string) First = ("Idempotency-Key", "7d444840-9dc0-11d1-b245-5ffdce74fad2");

    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task The_same_request_again_gets_the_same_success_and_is_not_done()
    {
        var token = await api.NewUserTokenAsync();

        await ExpectTwiceAsync(() => StoreAsync(token, """{"key":"k","value":"1"}"""), HttpStatusCode.Created);
        await api.UpdateAsync(token, "k", "5");
        (await StoreAsync(token, """{"key":"k","value":"1"}""")).Expect(HttpStatusCode.Created);
        Assert.Contains("\"5\"", (await api.RetrieveAsync(token, "k")).Text, StringComparison.Ordinal);

        await ExpectTwiceAsync(
            () => api.UpdateAsync(token, "k", """{"value":"7"}""", "", ("Idempotency-Key", "update")),
            HttpStatusCode.OK
        );
        await ExpectTwiceAsync(
            () => api.UpdateAsync(token, "u", """{"value":"7"}""", "?upsert=true", ("Idempotency-Key", "upsert")),
            HttpStatusCode.Created
        );
        await ExpectTwiceAsync(
            () => api.ModifyAsync(token, "k", """{"increment":3}""", ("Idempotency-Key", "modify")),
            HttpStatusCode.OK
        );
        await ExpectTwiceAsync(
            () =>
                api.ModifyAsync(
                    token,
                    "n",
                    """{"increment":9007199254740993,"create":true}""",
                    ("Idempotency-Key", "count")
                ),
            HttpStatusCode.Created
        );
        await ExpectTwiceAsync(
            () => api.ModifyAsync(token, "k", """{"expires_in":500}""", ("Idempotency-Key", "expire")),
            HttpStatusCode.OK
        );
        Assert.Contains("\"10\"", (await api.RetrieveAsync(token, "k")).Text, StringComparison.Ordinal);
        await ExpectTwiceAsync(
            () => api.WriteBatchAsync(token, """{"op":"delete","key":"u"}""", ("Idempotency-Key", "batch")),
            HttpStatusCode.OK
        );
        await ExpectTwiceAsync(
            () => api.SendAsync(HttpMethod.Delete, "/api/data/k", token, null, ("Idempotency-Key", "delete")),
            HttpStatusCode.OK
        );
    }

    [Fact]
    public async Task Another_request_under_the_same_key_is_refused_and_not_done()
    {
        var token = await api.NewUserTokenAsync();
        (await StoreAsync(token, """{"key":"k","value":"1"}""")).Expect(HttpStatusCode.Created);

        (await StoreAsync(token, """{"key":"k","value":"2"}""")).ExpectError("IDEMPOTENCY_KEY_REUSED");
        (await StoreAsync(token, """{"key":"l","value":"1"}""")).ExpectError("IDEMPOTENCY_KEY_REUSED");
        (await StoreAsync(token, """{"key":"k","value":"1","expires_in":9}""")).ExpectError("IDEMPOTENCY_KEY_REUSED");
        (await api.UpdateAsync(token, "k", """{"value":"1"}""", "", First)).ExpectError("IDEMPOTENCY_KEY_REUSED");
        (await api.UpdateAsync(token, "k", """{"value":"1"}""", "?upsert=true", First)).ExpectError(
            "IDEMPOTENCY_KEY_REUSED"
        );
        (await api.ModifyAsync(token, "k", """{"increment":1}""", First)).ExpectError("IDEMPOTENCY_KEY_REUSED");
        (await api.SendAsync(HttpMethod.Delete, "/api/data/k", token, null, First)).ExpectError(
            "IDEMPOTENCY_KEY_REUSED"
        );
        (await api.WriteBatchAsync(token, """{"op":"store","key":"k","value":"1"}""", First)).ExpectError(
            "IDEMPOTENCY_KEY_REUSED"
        );
        Assert.Equal(["k"], await api.ListAllAsync(token));
        Assert.Contains("\"1\"", (await api.RetrieveAsync(token, "k")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conditions_and_parameters_belong_to_the_request()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "1");
        (await UpdateAsync("", ("If-Match", "*"))).Expect(HttpStatusCode.OK);

        Assert.Equal("true", (await UpdateAsync("", ("If-Match", "*"))).Headers["Idempotent-Replayed"]);
        Assert.Equal("true", (await UpdateAsync("?upsert=false", ("If-Match", " * "))).Headers["Idempotent-Replayed"]);
        (await UpdateAsync("")).ExpectError("IDEMPOTENCY_KEY_REUSED");
        (await UpdateAsync("", ("If-None-Match", "\"x\""))).ExpectError("IDEMPOTENCY_KEY_REUSED");
        (await UpdateAsync("?upsert=true", ("If-Match", "*"))).ExpectError("IDEMPOTENCY_KEY_REUSED");

        Task<Reply> UpdateAsync(string query, params (string, string)[] headers) =>
            api.UpdateAsync(token, "k", """{"value":"2"}""", query, [First, .. headers]);
    }

    [Fact]
    public async Task However_the_same_content_is_spelt_it_is_the_same_request()
    {
        var token = await api.NewUserTokenAsync();
        (await StoreAsync(token, """{"key":"a/b","value":"é","expires_in":60}""")).Expect(HttpStatusCode.Created);

        var reply = await StoreAsync(
            token,
            """ { "expires_in" : 6.0e1 , "x" : 7, "value":"\u00e9", "key" : "a\/b" } """
        );

        Assert.Equal("true", reply.Expect(HttpStatusCode.Created).Headers["Idempotent-Replayed"]);
    }

    [Fact]
    public async Task A_refusal_is_decided_anew()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "1");

        (await StoreAsync(token, """{"key":"k","value":"2"}""")).ExpectError("KEY_EXISTS");
        await api.DeleteAsync(token, "k");
        (await StoreAsync(token, """{"key":"k","value":"2"}""")).Expect(HttpStatusCode.Created);
        Assert.True(
            (await StoreAsync(token, """{"key":"k","value":"2"}""")).Headers.ContainsKey("Idempotent-Replayed")
        );
    }

    [Fact]
    public async Task What_was_remembered_comes_before_what_the_store_would_say_now()
    {
        var token = await api.NewUserTokenAsync();
        (await StoreAsync(token, """{"key":"k","value":"1"}""")).Expect(HttpStatusCode.Created);
        await api.DeleteAsync(token, "k");

        Assert.True(
            (await StoreAsync(token, """{"key":"k","value":"1"}""")).Headers.ContainsKey("Idempotent-Replayed")
        );
        (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
        (await api.SendAsync(HttpMethod.Delete, "/api/data/k", token, null, First)).ExpectError(
            "IDEMPOTENCY_KEY_REUSED"
        );
    }

    [Fact]
    public async Task Each_user_has_keys_of_their_own()
    {
        var (one, other) = (await api.NewUserTokenAsync(), await api.NewUserTokenAsync());

        (await StoreAsync(one, """{"key":"k","value":"1"}""")).Expect(HttpStatusCode.Created);
        var reply = (await StoreAsync(other, """{"key":"k","value":"2"}""")).Expect(HttpStatusCode.Created);

        Assert.False(reply.Headers.ContainsKey("Idempotent-Replayed"));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a\tb")]
    public async Task A_malformed_one_is_refused(string text)
    {
        var token = await api.NewUserTokenAsync();
        (string, string) header = ("Idempotency-Key", text);

        var replies = new[]
        {
            await api.SendAsync(
                HttpMethod.Post,
                "/api/data",
                token,
                ApiClient.Json("""{"key":"k","value":"1"}"""),
                header
            ),
            await api.UpdateAsync(token, "k", """{"value":"1"}""", "?upsert=true", header),
            await api.ModifyAsync(token, "k", """{"increment":1,"create":true}""", header),
            await api.SendAsync(HttpMethod.Delete, "/api/data/k", token, null, header),
            await api.WriteBatchAsync(token, """{"op":"store","key":"k","value":"1"}""", header),
        };

        Assert.All(replies, reply => reply.ExpectError("INVALID_PARAMETER", "Idempotency-Key"));
        Assert.Empty(await api.ListAllAsync(token));
    }

    [Fact]
    public async Task It_may_have_255_characters_and_no_more_and_only_writes_read_it()
    {
        var token = await api.NewUserTokenAsync();
        var longest = new string('~', 255);

        (await api.ModifyAsync(token, "k", """{"increment":1,"create":true}""", ("Idempotency-Key", longest))).Expect(
            HttpStatusCode.Created
        );
        (await api.ModifyAsync(token, "k", """{"increment":1}""", ("Idempotency-Key", longest + "~"))).ExpectError(
            "INVALID_PARAMETER"
        );
        (await api.SendAsync(HttpMethod.Get, "/api/data/k", token, null, ("Idempotency-Key", longest + "~"))).Expect(
            HttpStatusCode.OK
        );
    }

    [Fact]
    public async Task It_is_remembered_for_as_long_as_the_setting_says()
    {
        if (fixture.Redis is null)
        {
            Assert.Skip("Nobody else can look into the embedded store.");
        }

        await using var service = await OwnService.StartAsync(fixture, ("FastKv__Data__IdempotencySeconds", "60"));
        var token = await service.Api.NewUserTokenAsync();
        (
            await service.Api.ModifyAsync(token, "k", """{"increment":1,"create":true}""", ("Idempotency-Key", "a"))
        ).Expect(HttpStatusCode.Created);

        await using var redis = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync(fixture.Administration!);
        var remembered = redis.GetServers()[0].Keys(pattern: $"{service.KeyPrefix}:done:*:*").Single();
        var left = await redis.GetDatabase().KeyTimeToLiveAsync(remembered);

        Assert.InRange(left!.Value.TotalSeconds, 30, 60);
        Assert.DoesNotContain("a", ((string)remembered!)[^16..], StringComparison.Ordinal);
    }

    private Task<Reply> StoreAsync(string token, string json) =>
        api.SendAsync(HttpMethod.Post, "/api/data", token, ApiClient.Json(json), First);

    private static async Task ExpectTwiceAsync(Func<Task<Reply>> send, HttpStatusCode status)
    {
        var first = (await send()).Expect(status);
        var second = (await send()).Expect(status);

        Assert.Equal(first.Text, second.Text);
        Assert.Equal(first.Headers.GetValueOrDefault("ETag"), second.Headers.GetValueOrDefault("ETag"));
        Assert.False(first.Headers.ContainsKey("Idempotent-Replayed"));
        Assert.Equal("true", second.Headers["Idempotent-Replayed"]);
    }
}
