using System.Net;
using System.Text;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>What lies in the store can be read and written by any Redis client.</summary>
public sealed class StoredDataTests(ReachableStore store) : IClassFixture<ReachableStore>
{
    [Theory]
    [InlineData("key", "value")]
    [InlineData("a/b %2F {x}:y", "é\"\\\n\0🔑")]
    [InlineData("ключ 🔑", " ")]
    public async Task A_value_is_its_bytes_under_the_name_of_user_and_key(string key, string value)
    {
        var (userId, token) = await NewUserAsync();
        byte[] name = [.. Encoding.UTF8.GetBytes($"fastkv:data:{{{userId}}}:"), .. Encoding.UTF8.GetBytes(key)];

        (await store.Api.StoreAsync(token, key, value)).Expect(HttpStatusCode.Created);

        Assert.Equal(Encoding.UTF8.GetBytes(value), (byte[]?)await store.Database.StringGetAsync(name));
        Assert.Null(await store.Database.KeyTimeToLiveAsync(name));
        await store.Database.StringSetAsync(name, "from elsewhere");
        Assert.Equal(
            "from elsewhere",
            (await store.Api.RetrieveAsync(token, key)).Json["data"]!["value"]!.GetValue<string>()
        );
        (await store.Api.DeleteAsync(token, key)).Expect(HttpStatusCode.OK);
        Assert.False(await store.Database.KeyExistsAsync(name));
    }

    [Fact]
    public async Task Another_prefix_is_another_installation()
    {
        await using var second = await FastKvProcess.StartAsync(
            store.ConnectionString,
            ("FastKv__Redis__KeyPrefix", "test-second")
        );
        var registration = ApiClient.Registration();

        (await store.Api.PostAsync("/api/register", registration)).Expect(HttpStatusCode.Created);
        (await second.Api.PostAsync("/api/register", registration)).Expect(HttpStatusCode.Created);

        Assert.True(await store.Database.KeyExistsAsync($"test-second:user:{registration["username"]}"));
    }

    [Fact]
    public async Task What_should_not_be_there_is_an_internal_error_that_tells_nothing()
    {
        var name = ApiClient.NewName();
        await store.Database.HashSetAsync($"fastkv:user:{name}", "age", 30);

        var reply = await store.Api.PostTextAsync("/api/token", $$"""{"username":"{{name}}","password":"p"}""");

        reply.ExpectError("INTERNAL_ERROR");
        var traceId = reply.Json["trace_id"]!.GetValue<string>();
        Assert.Equal(
            $$"""{"status":"error","code":"INTERNAL_ERROR","message":"Internal server error occurred.","trace_id":"{{traceId}}"}""",
            reply.Text
        );
        await store.Database.KeyDeleteAsync($"fastkv:user:{name}");
    }

    [Fact]
    public async Task A_user_of_another_type_is_a_refusal_of_Redis_like_any_other()
    {
        var name = ApiClient.NewName();
        await store.Database.StringSetAsync($"fastkv:user:{name}", "no hash");

        (await store.Api.PostTextAsync("/api/token", $$"""{"username":"{{name}}","password":"p"}""")).ExpectError(
            "STORE_UNAVAILABLE"
        );

        await store.Database.KeyDeleteAsync($"fastkv:user:{name}");
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("now 0123456789 somebody")]
    [InlineData("99999999999999999999 0123456789 somebody")]
    [InlineData("9223372036854775807 0123456789 somebody")]
    [InlineData("-1 0123456789 somebody")]
    [InlineData("1 {0} somebody")]
    [InlineData("1  somebody")]
    [InlineData("")]
    public async Task An_email_whose_claim_can_not_be_read_is_somebodys(string claim)
    {
        var registration = ApiClient.Registration();
        var email = $"fastkv:email:{registration["email"]}";
        await store.Database.StringSetAsync(email, claim);

        (await store.Api.PostAsync("/api/register", registration)).ExpectError("EMAIL_EXISTS");

        Assert.Equal(claim, (string?)await store.Database.StringGetAsync(email));
        await store.Database.KeyDeleteAsync(email);
        (await store.Api.PostAsync("/api/register", registration)).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task An_entry_of_another_type_is_none_whether_it_is_read_alone_or_with_others()
    {
        var (userId, token) = await NewUserAsync();
        await store.Database.ListRightPushAsync($"fastkv:data:{{{userId}}}:k", "no string");

        (await store.Api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
        var together = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => store.Api.RetrieveAsync(token, "k")));

        Assert.All(together, reply => reply.ExpectError("KEY_NOT_FOUND"));
    }

    [Fact]
    public async Task The_index_of_Idempotency_Keys_outlives_what_was_remembered_under_a_longer_setting()
    {
        var (userId, token) = await NewUserAsync();
        await using var shorter = await FastKvProcess.StartAsync(
            store.ConnectionString,
            ("FastKv__Data__IdempotencySeconds", "60"),
            ("FastKv__Redis__TimeoutMilliseconds", "20000")
        );

        await IncrementAsync(shorter.Api, "first");
        await ExpectToLiveAsync(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60));
        await IncrementAsync(store.Api, "long");
        await IncrementAsync(shorter.Api, "short");

        await ExpectToLiveAsync(TimeSpan.FromHours(23), TimeSpan.FromHours(24));

        async Task IncrementAsync(ApiClient api, string key)
        {
            var reply = await api.ModifyAsync(
                token,
                "k",
                """{"increment":1,"create":true}""",
                ("Idempotency-Key", key)
            );
            Assert.Null(reply.Code);
        }

        async Task ExpectToLiveAsync(TimeSpan least, TimeSpan most)
        {
            var left = await store.Database.KeyTimeToLiveAsync($"fastkv:done:{{{userId}}}");
            Assert.InRange(left ?? TimeSpan.MaxValue, least, most);
        }
    }

    private async Task<(string UserId, string Token)> NewUserAsync()
    {
        var registration = ApiClient.Registration();
        var reply = (await store.Api.PostAsync("/api/register", registration)).Expect(HttpStatusCode.Created);
        var token = await store.Api.SignInAsync(registration["username"]!.GetValue<string>());
        return (reply.Json["data"]!["user_id"]!.GetValue<string>(), token);
    }
}
