using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using FastKv.Tests.Redis;
using Microsoft.IdentityModel.JsonWebTokens;
using Xunit;

namespace FastKv.Tests.Features.Tokens;

public sealed class RevokeTokenTests(ServiceFixture fixture, ReachableStore store) : IClassFixture<ReachableStore>
{
    private readonly ApiClient api = store.Api;

    [Fact]
    public async Task Signing_out_ends_this_session_and_no_other()
    {
        var name = await api.RegisterAsync();
        var (token, other) = (await api.SignInAsync(name), await api.SignInAsync(name));
        var renewed = await api.RenewAsync(token);
        await api.StoreAsync(token, "k", "v");

        var reply = await api.SendAsync(HttpMethod.Delete, "/api/token", token);

        reply.ExpectSuccess(HttpStatusCode.OK, """{"status":"success","message":"Signed out successfully."}""");
        await ExpectEndedAsync(token);
        await ExpectEndedAsync(renewed);
        (await api.RetrieveAsync(other, "k")).Expect(HttpStatusCode.OK);
        (await api.StoreAsync(other, "l", "v")).Expect(HttpStatusCode.Created);
        (await api.RetrieveAsync(await api.SignInAsync(name), "k")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Signing_out_everywhere_ends_all_sessions_that_there_are_and_none_that_follows()
    {
        var name = await api.RegisterAsync();
        var tokens = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => api.SignInAsync(name)));
        await api.StoreAsync(tokens[0], "k", "v");

        await api.SignOutAsync(tokens[0], all: true);

        foreach (var token in tokens)
        {
            await ExpectEndedAsync(token);
        }

        var next = await api.SignInAsync(name);
        (await api.RetrieveAsync(next, "k")).Expect(HttpStatusCode.OK);
        (await api.UpdateAsync(next, "k", "w")).Expect(HttpStatusCode.OK);
        await api.RenewAsync(next);
    }

    [Theory]
    [InlineData("all=yes")]
    [InlineData("all=")]
    [InlineData("all=TRUE")]
    [InlineData("all=true&all=true")]
    public async Task A_wrong_parameter_ends_nothing(string query)
    {
        var token = await api.NewUserTokenAsync();

        (await api.SendAsync(HttpMethod.Delete, "/api/token?" + query, token)).ExpectError("INVALID_PARAMETER", "all");

        (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
        (await api.SendAsync(HttpMethod.Delete, "/api/token?all=false&x=1", token)).Expect(HttpStatusCode.OK);
        await ExpectEndedAsync(token);
    }

    [Fact]
    public async Task Of_sign_outs_at_once_of_one_session_each_is_done_or_comes_too_late()
    {
        var token = await api.NewUserTokenAsync();

        var replies = await Task.WhenAll(
            Enumerable.Range(0, 16).Select(_ => api.SendAsync(HttpMethod.Delete, "/api/token", token))
        );

        Assert.Contains(replies, reply => reply.Status == HttpStatusCode.OK);
        Assert.All(
            replies.Where(reply => reply.Status != HttpStatusCode.OK),
            reply => reply.ExpectError("INVALID_TOKEN")
        );
    }

    [Fact]
    public async Task At_every_replica_at_once()
    {
        Assert.SkipWhen(fixture.Redis is null, "The embedded store is for one process; this needs a Redis.");
        await using var replica = await FastKvProcess.StartAsync(fixture.Redis);
        var name = await api.RegisterAsync();
        for (var i = 0; i < 20; i++)
        {
            var token = await api.SignInAsync(name);
            // It is in the cache of tokens of both.
            (await replica.Api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");

            await api.SignOutAsync(token, all: i % 2 == 1);

            (await replica.Api.RetrieveAsync(token, "k")).ExpectError("INVALID_TOKEN");
            (await replica.Api.StoreAsync(token, "k", "v")).ExpectError("INVALID_TOKEN");
        }
    }

    [Fact]
    public async Task What_is_kept_of_ended_sessions_stays_short_and_goes_by_itself()
    {
        var name = await api.RegisterAsync();
        var first = await api.SignInAsync(name);
        var userId = new JsonWebToken(first).Subject;
        await api.SignOutAsync(first);
        var key = $"fastkv:ended:{{{userId}}}";

        Assert.Equal(4, (await EndedAsync()).Split(' ').Length);
        var left = (await store.Database.KeyTimeToLiveAsync(key))!.Value;
        Assert.InRange(left.TotalSeconds, 3600, 3660);

        // The 33rd ends all: those that are alive too.
        var witness = await api.SignInAsync(name);
        for (var i = 0; i < 31; i++)
        {
            await api.SignOutAsync(await api.SignInAsync(name));
        }

        (await api.RetrieveAsync(witness, "k")).ExpectError("KEY_NOT_FOUND");
        Assert.Equal(2 + 2 * 32, (await EndedAsync()).Split(' ').Length);
        await api.SignOutAsync(await api.SignInAsync(name));
        Assert.Equal(2, (await EndedAsync()).Split(' ').Length);
        await ExpectEndedAsync(witness);
        await ExpectEndedAsync(first);
        (await api.RetrieveAsync(await api.SignInAsync(name), "k")).ExpectError("KEY_NOT_FOUND");
        left = (await store.Database.KeyTimeToLiveAsync(key))!.Value;
        Assert.InRange(left.TotalSeconds, 2_592_000, 2_592_060);

        async Task<string> EndedAsync() => (await store.Database.StringGetAsync(key)).ToString();
    }

    [Fact]
    public async Task What_another_program_has_put_there_ends_every_session_until_it_is_gone()
    {
        var name = await api.RegisterAsync();
        var token = await api.SignInAsync(name);
        var key = $"fastkv:ended:{{{new JsonWebToken(token).Subject}}}";
        foreach (var nonsense in new[] { "nonsense", " ", "-1 5", "x 1 y" })
        {
            await store.Database.StringSetAsync(key, nonsense);

            await ExpectEndedAsync(token);
            await api.SignInAsync(name);
        }

        await store.Database.KeyDeleteAsync(key);
        if (fixture.Redis is not null)
        {
            // The embedded store has a key of each type apart.
            await store.Database.ListRightPushAsync(key, "of another type");
            (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
            (await api.StoreAsync(token, "k", "v")).ExpectError("STORE_UNAVAILABLE");
            await store.Database.KeyDeleteAsync(key);
        }

        (await api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Sessions_that_a_clock_ahead_has_begun_end_with_all_others()
    {
        // After a failover to a server whose clock is behind.
        var name = await api.RegisterAsync();
        var token = await api.SignInAsync(name);
        var jwt = new JsonWebToken(token);
        var ahead = Auth.SessionToken.Of(jwt, DateTimeOffset.UtcNow.AddMilliseconds(500));
        (await api.RetrieveAsync(ahead, "k")).ExpectError("KEY_NOT_FOUND");

        await api.SignOutAsync(token, all: true);

        (await api.RetrieveAsync(ahead, "k")).ExpectError("INVALID_TOKEN");
        (await api.RetrieveAsync(await api.SignInAsync(name), "k")).ExpectError("KEY_NOT_FOUND");
    }

    [Fact]
    public async Task A_session_leaves_when_no_token_of_it_can_be_valid()
    {
        var name = await api.RegisterAsync();
        var (token, other) = (await api.SignInAsync(name), await api.SignInAsync(name));
        var key = $"fastkv:ended:{{{new JsonWebToken(token).Subject}}}";
        var past = DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeMilliseconds();
        await store.Database.StringSetAsync(key, $"0 0 longago {past}");

        await api.SignOutAsync(token);

        var words = (await store.Database.StringGetAsync(key)).ToString().Split(' ');
        Assert.Equal(new JsonWebToken(token).GetPayloadValue<string>("sid"), words[2]);
        Assert.Equal(4, words.Length);
        (await api.RetrieveAsync(other, "k")).ExpectError("KEY_NOT_FOUND");
    }

    /// <summary>Every operation refuses it, whatever else is wrong with the request.</summary>
    private async Task ExpectEndedAsync(string token)
    {
        (HttpMethod Method, string Target, string? Body)[] requests =
        [
            (HttpMethod.Get, "/api/data/k", null),
            (HttpMethod.Get, "/api/data/none", null),
            (HttpMethod.Get, "/api/data/k?include=expires_in", null),
            (HttpMethod.Get, "/api/data/k?include=nonsense", null),
            (HttpMethod.Get, "/api/data/%FF", null),
            (HttpMethod.Get, "/api/data", null),
            (HttpMethod.Get, "/api/data?limit=0", null),
            (HttpMethod.Post, "/api/data", """{"key":"n","value":"v"}"""),
            (HttpMethod.Post, "/api/data", """{"key":"n"}"""),
            (HttpMethod.Post, "/api/data", "no JSON"),
            (HttpMethod.Put, "/api/data/k", """{"value":"v"}"""),
            (HttpMethod.Put, "/api/data/n?upsert=true", """{"value":"v"}"""),
            (HttpMethod.Patch, "/api/data/k", """{"increment":1}"""),
            (HttpMethod.Patch, "/api/data/k", """{"expires_in":1}"""),
            (HttpMethod.Delete, "/api/data/k", null),
            (HttpMethod.Post, "/api/batch/retrieve", """{"keys":["k"]}"""),
            (HttpMethod.Post, "/api/batch/retrieve", """{"keys":[]}"""),
            (HttpMethod.Post, "/api/batch/write", """{"operations":[{"op":"upsert","key":"k","value":"w"}]}"""),
            (HttpMethod.Post, "/api/token/renew", null),
            (HttpMethod.Delete, "/api/token", null),
            (HttpMethod.Delete, "/api/token?all=true", null),
            (HttpMethod.Get, "/api/account", null),
            (
                HttpMethod.Put,
                "/api/account/password",
                """{"password":"secure_password123","new_password":"another_password456"}"""
            ),
            (HttpMethod.Post, "/api/account/delete", """{"password":"secure_password123"}"""),
            (HttpMethod.Post, "/api/account/delete", "{}"),
        ];
        foreach (var (method, target, body) in requests)
        {
            var reply = await api.SendAsync(method, target, token, body is null ? null : ApiClient.Json(body));
            Assert.True(reply.Code == "INVALID_TOKEN", $"{method} {target} {body}: {reply.Text}");
            reply.ExpectError("INVALID_TOKEN");
            Assert.Equal("Bearer error=\"invalid_token\"", reply.Headers["WWW-Authenticate"]);
        }
    }
}
