using System.Net;
using FastKv.Tests.Abuse;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using FastKv.Tests.Redis;
using Microsoft.IdentityModel.JsonWebTokens;
using Xunit;

namespace FastKv.Tests.Features.Users;

public sealed class ChangePasswordTests(ServiceFixture fixture, ReachableStore store) : IClassFixture<ReachableStore>
{
    private const string Old = "secure_password123";
    private const string New = "another_password456";

    private readonly ApiClient api = store.Api;

    [Fact]
    public async Task The_new_password_is_in_force_and_every_other_session_has_ended()
    {
        var name = await api.RegisterAsync();
        var (token, other) = (await api.SignInAsync(name), await api.SignInAsync(name));
        await api.StoreAsync(token, "k", "v");

        var reply = await api.ChangePasswordAsync(token, Old, New);

        var next = reply.Expect(HttpStatusCode.OK).Json["data"]!["access_token"]!.GetValue<string>();
        reply.ExpectSuccess(
            HttpStatusCode.OK,
            $$$"""{"status":"success","message":"Password changed successfully.","data":{"access_token":"{{{next}}}","expires_in":3600}}"""
        );
        Assert.Equal("no-store", reply.Headers["Cache-Control"]);
        (await api.RetrieveAsync(next, "k")).Expect(HttpStatusCode.OK);
        (await api.RetrieveAsync(token, "k")).ExpectError("INVALID_TOKEN");
        (await api.RetrieveAsync(other, "k")).ExpectError("INVALID_TOKEN");
        (await SignInAsync(name, Old)).ExpectError("INVALID_CREDENTIALS");
        (await api.RetrieveAsync(await api.SignInAsync(name, New), "k")).Expect(HttpStatusCode.OK);
        (await api.RetrieveAsync(next, "k")).Expect(HttpStatusCode.OK);
        await api.RenewAsync(next);
    }

    [Theory]
    [InlineData("{}", "password", "new_password")]
    [InlineData("""{"password":"secure_password123"}""", "new_password")]
    [InlineData("""{"new_password":"another_password456"}""", "password")]
    [InlineData("""{"password":"","new_password":""}""", "password", "new_password")]
    [InlineData("""{"password":7,"new_password":["x"]}""", "password", "new_password")]
    [InlineData("""{"password":null,"new_password":"another_password456"}""", "password")]
    public async Task Missing_fields_are_named(string body, params string[] fields)
    {
        var token = await api.NewUserTokenAsync();

        (await api.SendAsync(HttpMethod.Put, "/api/account/password", token, ApiClient.Json(body))).ExpectError(
            "MISSING_FIELDS",
            fields
        );
        (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
    }

    [Fact]
    public async Task A_wrong_password_is_told_before_a_weak_new_one_and_changes_nothing()
    {
        var name = await api.RegisterAsync();
        var token = await api.SignInAsync(name);

        (await api.ChangePasswordAsync(token, "wrong_password1", "x")).ExpectError("INVALID_CREDENTIALS");
        foreach (var weak in new[] { "short1", "onlyletters", "12345678", name, $"{name}@example.com", "password1" })
        {
            (await api.ChangePasswordAsync(token, Old, weak)).ExpectError("INVALID_PASSWORD", "new_password");
        }

        (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
        await api.SignInAsync(name);
    }

    [Fact]
    public async Task Of_changes_at_once_one_is_done_and_the_others_are_told_that_their_password_is_wrong()
    {
        var name = await api.RegisterAsync();
        var token = await api.SignInAsync(name);

        var replies = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => api.ChangePasswordAsync(token, Old, $"another_password{i}"))
        );

        var winner = Assert.Single(replies, reply => reply.Status == HttpStatusCode.OK);
        Assert.All(
            replies.Where(reply => reply != winner),
            reply => Assert.Contains(reply.Code, (string[])["INVALID_CREDENTIALS", "INVALID_TOKEN"])
        );
        await api.SignInAsync(name, $"another_password{Array.IndexOf(replies, winner)}");
        (await SignInAsync(name, Old)).ExpectError("INVALID_CREDENTIALS");
        await api.RenewAsync(winner.Json["data"]!["access_token"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_wrong_password_counts_as_a_failed_login()
    {
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Limits__FailedLoginsPerUsername", "3")
        );
        var token = await service.Api.SignInAsync(await service.Api.RegisterAsync());
        for (var i = 0; i < 3; i++)
        {
            await service.Api.ChangePasswordAsync(token, "wrong_password1", New);
        }

        var reply = await service.Api.ChangePasswordAsync(token, Old, New);

        reply.ExpectError("TOO_MANY_REQUESTS");
        Assert.InRange(int.Parse(reply.Headers["Retry-After"], null), 1, 900);
        (await service.Api.DeleteAccountAsync(token)).ExpectError("TOO_MANY_REQUESTS");
        (await service.Api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
    }

    [Fact]
    public async Task A_sign_in_with_the_old_password_that_is_under_way_does_not_survive_the_change()
    {
        var name = await api.RegisterAsync();
        for (var round = 0; round < 10; round++)
        {
            var (old, next) = ($"secure_password{round + 122}", $"secure_password{round + 123}");
            if (round == 0)
            {
                old = Old;
            }

            var token = await api.SignInAsync(name, old);
            var signIns = Enumerable.Range(0, 4).Select(_ => SignInAsync(name, old)).ToArray();
            var changed = (await api.ChangePasswordAsync(token, old, next + "x")).Expect(HttpStatusCode.OK);

            foreach (var reply in await Task.WhenAll(signIns))
            {
                if (reply.Status == HttpStatusCode.OK)
                {
                    var survivor = reply.Json["data"]!["access_token"]!.GetValue<string>();
                    (await api.RetrieveAsync(survivor, "k")).ExpectError("INVALID_TOKEN");
                }
            }

            var back = changed.Json["data"]!["access_token"]!.GetValue<string>();
            (await api.ChangePasswordAsync(back, next + "x", next)).Expect(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task A_sign_in_that_has_read_the_old_password_and_waits_for_its_hash_comes_too_late()
    {
        Assert.SkipWhen(fixture.Redis is null, "The embedded store is for one process; this needs a Redis.");
        var prefix = $"test-{Guid.NewGuid():N}";
        await using var quick = await OwnService.StartAsync(fixture.Redis, prefix);
        await using var slow = await OwnService.StartAsync(
            fixture.Redis,
            prefix,
            ("FastKv__Passwords__MaxConcurrentHashes", "1"),
            ("FastKv__Passwords__Iterations", "100")
        );
        var name = await quick.Api.RegisterAsync();
        var token = await quick.Api.SignInAsync(name);

        // The user is read before the hash has its turn, behind those of users who do not exist.
        var queued = Enumerable.Range(0, 8).Select(_ => SignInAsync(ApiClient.NewName(), Old, slow.Api)).ToArray();
        await Task.WhenAny(queued);
        var late = SignInAsync(name, Old, slow.Api);
        (await slow.Api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
        (await quick.Api.ChangePasswordAsync(token, Old, New)).Expect(HttpStatusCode.OK);

        (await late).ExpectError("INVALID_CREDENTIALS");
        await Task.WhenAll(queued);
    }

    [Fact]
    public async Task After_a_crash_between_the_change_and_the_end_of_the_sessions_the_next_sign_in_ends_them()
    {
        var name = await api.RegisterAsync();
        var token = await api.SignInAsync(name);
        var userId = new JsonWebToken(token).Subject;
        var now = DateTimeOffset.UtcNow.AddSeconds(1).ToUnixTimeMilliseconds();
        await store.Database.HashSetAsync($"fastkv:user:{name}", "password_changed_at", now);
        (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");

        var next = await api.SignInAsync(name);

        (await api.RetrieveAsync(token, "k")).ExpectError("INVALID_TOKEN");
        (await api.RetrieveAsync(next, "k")).ExpectError("KEY_NOT_FOUND");
        var another = await api.SignInAsync(name);
        (await api.RetrieveAsync(next, "k")).ExpectError("KEY_NOT_FOUND");
        (await api.RetrieveAsync(another, "k")).ExpectError("KEY_NOT_FOUND");
        Assert.StartsWith(
            $"{now} ",
            (await store.Database.StringGetAsync($"fastkv:ended:{{{userId}}}")).ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task After_such_a_crash_a_session_ends_that_began_right_after_the_end_of_all_others()
    {
        var name = await api.RegisterAsync();
        var first = await api.SignInAsync(name);
        var ended = $"fastkv:ended:{{{new JsonWebToken(first).Subject}}}";
        (await api.SendAsync(HttpMethod.Delete, "/api/token?all=true", first)).Expect(HttpStatusCode.OK);

        // It begins behind all that has ended, by the clock of Redis in a second.
        var token = await api.SignInAsync(name);
        var before = await store.Database.StringGetAsync(ended);
        (await api.ChangePasswordAsync(token, Old, New)).Expect(HttpStatusCode.OK);
        await store.Database.StringSetAsync(ended, before, TimeSpan.FromMinutes(1));
        (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");

        var next = await api.SignInAsync(name, New);

        (await api.RetrieveAsync(token, "k")).ExpectError("INVALID_TOKEN");
        (await api.RetrieveAsync(next, "k")).ExpectError("KEY_NOT_FOUND");
    }

    private Task<Reply> SignInAsync(string name, string password, ApiClient? by = null) =>
        (by ?? api).PostAsync(
            "/api/token",
            new System.Text.Json.Nodes.JsonObject { ["username"] = name, ["password"] = password }
        );
}
