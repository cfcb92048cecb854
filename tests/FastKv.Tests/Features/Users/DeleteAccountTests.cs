using System.Net;
using FastKv.Features.Users;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using FastKv.Tests.Redis;
using Microsoft.IdentityModel.JsonWebTokens;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Features.Users;

public sealed class DeleteAccountTests(ReachableStore store) : IClassFixture<ReachableStore>
{
    private readonly ApiClient api = store.Api;
    private readonly string name = ApiClient.NewName();

    [Fact]
    public async Task At_once_the_user_is_gone_and_soon_everything_they_stored()
    {
        var token = await RegisterAsync();
        var userId = new JsonWebToken(token).Subject;
        await api.FillAsync(token);

        var reply = await api.DeleteAccountAsync(token);

        reply.ExpectSuccess(HttpStatusCode.OK, """{"status":"success","message":"Account deleted successfully."}""");
        (await api.RetrieveAsync(token, "k1")).ExpectError("INVALID_TOKEN");
        (await api.StoreAsync(token, "new", "v")).ExpectError("INVALID_TOKEN");
        (await api.GetAsync("/api/account", token)).ExpectError("INVALID_TOKEN");
        (await SignInAsync()).ExpectError("INVALID_CREDENTIALS");

        // The same name and the same email, at once: somebody else.
        var next = await RegisterAsync();
        Assert.NotEqual(userId, new JsonWebToken(next).Subject);
        Assert.Empty(await api.ListAllAsync(next));
        (await api.StoreAsync(next, "k1", "mine")).Expect(HttpStatusCode.Created);
        await ExpectRemovedAsync(userId);
        Assert.Equal(["k1"], await api.ListAllAsync(next));
        (await api.RetrieveAsync(token, "k1")).ExpectError("INVALID_TOKEN");
    }

    [Fact]
    public async Task A_wrong_or_missing_password_deletes_nothing()
    {
        var token = await RegisterAsync();

        (await api.DeleteAccountAsync(token, "wrong_password1")).ExpectError("INVALID_CREDENTIALS");
        (await api.DeleteAccountAsync(token, "")).ExpectError("MISSING_FIELDS", "password");
        (await api.PostTextAsync("/api/account/delete", "[]", token)).ExpectError("INVALID_REQUEST");
        (await api.PostTextAsync("/api/account/delete", "{}")).ExpectError("INVALID_TOKEN");

        (await api.GetAsync("/api/account", token)).Expect(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_crash_after_any_step_delays_a_deletion_and_does_not_lose_it(int steps)
    {
        var token = await RegisterAsync();
        var userId = new JsonWebToken(token).Subject;
        await api.FillAsync(token);

        // What is there when the service dies after so many steps.
        var deletion = new Deletion(userId, name, $"{name}@example.com", DateTimeOffset.UtcNow);
        await store.Database.HashSetAsync("fastkv:deletions", userId, deletion.Text);
        if (steps >= 2)
        {
            await store.Database.StringSetAsync(
                $"fastkv:ended:{{{userId}}}",
                $"9007199254740991 {DateTimeOffset.UtcNow.AddDays(30).ToUnixTimeMilliseconds()}"
            );
            (await api.RetrieveAsync(token, "k1")).ExpectError("INVALID_TOKEN");
        }

        if (steps >= 3)
        {
            await store.Database.KeyDeleteAsync($"fastkv:email:{name}@example.com");
        }

        if (steps >= 4)
        {
            await store.Database.KeyDeleteAsync($"fastkv:user:{name}");
        }

        // Whoever comes now is told something sensible.
        var signIn = await SignInAsync();
        Assert.True(signIn.Status == HttpStatusCode.Unauthorized || steps == 1, signIn.Text);
        var registered = await api.PostAsync("/api/register", ApiClient.Registration(name));
        Assert.Contains(registered.Status, (HttpStatusCode[])[HttpStatusCode.Created, HttpStatusCode.Conflict]);

        await ExpectRemovedAsync(userId);
        await Wait.UntilAsync(
            "the name is free or taken by the new user",
            async () =>
                registered.Status == HttpStatusCode.Created
                || (await api.PostAsync("/api/register", ApiClient.Registration(name))).Status
                    == HttpStatusCode.Created,
            TimeSpan.FromSeconds(60)
        );
        var next = await api.SignInAsync(name);
        Assert.NotEqual(userId, new JsonWebToken(next).Subject);
        Assert.Empty(await api.ListAllAsync(next));
        (await api.DeleteAccountAsync(next)).Expect(HttpStatusCode.OK);
        await ExpectRemovedAsync(new JsonWebToken(next).Subject);
    }

    [Fact]
    public async Task A_note_that_is_none_and_a_user_whose_data_can_not_be_removed_hold_nobody_up()
    {
        var (nobody, stuck) = (ApiClient.NewName(), UserStore.NewUserId());
        await store.Database.HashSetAsync("fastkv:deletions", nobody, "nonsense");
        await store.Database.HashSetAsync(
            "fastkv:deletions",
            stuck,
            new Deletion(stuck, nobody, $"{nobody}@example.com", DateTimeOffset.UtcNow).Text
        );
        await store.Database.StringSetAsync($"fastkv:keys:{{{stuck}}}", "of another type");
        var token = await RegisterAsync();
        await api.FillAsync(token);

        (await api.DeleteAccountAsync(token)).Expect(HttpStatusCode.OK);

        await ExpectRemovedAsync(new JsonWebToken(token).Subject);
        Assert.True(await store.Database.HashExistsAsync("fastkv:deletions", stuck));
        await store.Database.KeyDeleteAsync($"fastkv:keys:{{{stuck}}}");
        await ExpectRemovedAsync(stuck);
        await store.Database.HashDeleteAsync("fastkv:deletions", nobody);
    }

    [Fact]
    public async Task While_another_replica_holds_the_lease_nothing_is_removed_and_then_it_is()
    {
        var token = await RegisterAsync();
        await api.FillAsync(token);
        var userId = new JsonWebToken(token).Subject;
        var (lease, index) = ($"fastkv:deletion:{{{userId}}}", $"fastkv:keys:{{{userId}}}");
        await store.Database.StringSetAsync(lease, "another replica", TimeSpan.FromSeconds(8));
        var entries = await store.Database.SortedSetLengthAsync(index);

        (await api.DeleteAccountAsync(token)).Expect(HttpStatusCode.OK);

        await Wait.UntilAsync(
            "the lease has ended",
            async () =>
            {
                var left = await store.Database.SortedSetLengthAsync(index);
                var isHeld = (string?)await store.Database.StringGetAsync(lease) == "another replica";
                Assert.True(!isHeld || left == entries, $"{left} of {entries} entries are left under another's lease.");
                return !isHeld;
            }
        );
        await ExpectRemovedAsync(userId);
    }

    [Fact]
    public async Task Of_deletions_at_once_one_is_done_and_the_others_come_too_late()
    {
        var token = await RegisterAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => api.DeleteAccountAsync(token)));

        Assert.Contains(replies, reply => reply.Status == HttpStatusCode.OK);
        Assert.All(
            replies.Where(reply => reply.Status != HttpStatusCode.OK),
            reply => Assert.Equal(HttpStatusCode.Unauthorized, reply.Status)
        );
        await RegisterAsync();
    }

    private async Task<string> RegisterAsync()
    {
        (await api.PostAsync("/api/register", ApiClient.Registration(name))).Expect(HttpStatusCode.Created);
        return await api.SignInAsync(name);
    }

    private Task<Reply> SignInAsync() =>
        api.PostAsync(
            "/api/token",
            new System.Text.Json.Nodes.JsonObject { ["username"] = name, ["password"] = "secure_password123" }
        );

    /// <summary>Waits until nothing of the user is left but the tombstone.</summary>
    private async Task ExpectRemovedAsync(string userId)
    {
        string[] left = [];
        await Wait.UntilAsync(
            "all is removed",
            async () =>
            {
                left = store.KeysOf(userId);
                return left.Length == 1 && !await store.Database.HashExistsAsync("fastkv:deletions", userId);
            },
            TimeSpan.FromSeconds(60)
        );
        Assert.Equal($"fastkv:ended:{{{userId}}}", Assert.Single(left));
        var lives = (await store.Database.KeyTimeToLiveAsync(left[0]))!.Value;
        Assert.InRange(lives.TotalDays, 29, 31);
    }
}
