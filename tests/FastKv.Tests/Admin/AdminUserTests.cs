using System.Net;
using FastKv.Admin;
using FastKv.Features.Users;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using FastKv.Tests.Redis;
using Microsoft.IdentityModel.JsonWebTokens;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Admin;

public sealed class AdminUserTests(ReachableStore store) : IClassFixture<ReachableStore>
{
    private readonly ApiClient api = store.Api;
    private readonly AdminRun admin = AdminRun.On(store.Administration);
    private readonly string name = ApiClient.NewName("Operated");

    [Fact]
    public async Task A_user_is_shown_by_each_name_and_without_the_hash()
    {
        var token = await RegisterAsync();
        var userId = new JsonWebToken(token).Subject;
        (await api.StoreAsync(token, "key-of-nobody-else", "value-of-nobody-else")).Expect(HttpStatusCode.Created);
        (await api.ChangePasswordAsync(token, "secure_password123", "secure_password124")).Expect(HttpStatusCode.OK);

        AdminResult[] shown =
        [
            await admin.RunAsync("user", "show", name.ToUpperInvariant()),
            await admin.RunAsync("user", "show", $"{name}@example.com"),
            await admin.RunAsync("user", "show", "--id", userId),
        ];

        Assert.All(shown, result => Assert.Equal(shown[0].Results, result.Expect(ExitCode.Done).Results));
        Assert.Matches($"(?m)^user_id +{userId}$", shown[0].Results);
        Assert.Matches($"(?m)^username +{name}$", shown[0].Results);
        Assert.Matches("(?m)^keys +1$", shown[0].Results);
        Assert.Matches("(?m)^state +active$", shown[0].Results);
        Assert.Matches(@"(?m)^password_changed_at +20\d\d-", shown[0].Results);
        Assert.Matches(@"(?m)^signed_out_before +20\d\d-", shown[0].Results);
        Assert.All((string[])["argon2", "of-nobody-else"], text => Assert.DoesNotContain(text, shown[0].Results));

        var json = (await admin.RunAsync("user", "show", name, "--json")).Expect(ExitCode.Done).Json;
        Assert.Equal(userId, json["user_id"]!.GetValue<string>());
        Assert.Equal(1, json["keys"]!.GetValue<int>());
        Assert.Equal(30, json["age"]!.GetValue<int>());
        Assert.Null(json["deleted_at"]);
        Assert.DoesNotContain("argon2", json.ToJsonString());
    }

    [Fact]
    public async Task What_users_have_chosen_does_not_steer_the_terminal()
    {
        var registration = ApiClient.Registration(name);
        registration["full_name"] = "John\u001b[2J\nDoe";
        (await api.PostAsync("/api/register", registration)).Expect(HttpStatusCode.Created);

        var shown = (await admin.RunAsync("user", "show", name)).Expect(ExitCode.Done);

        Assert.Contains(@"John\u001b[2J\u000aDoe", shown.Results, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Users_are_listed_by_what_their_names_begin_with()
    {
        var token = await RegisterAsync();

        var listed = (await admin.RunAsync("user", "list", "--prefix", name[..^2])).Expect(ExitCode.Done);
        var json = (await admin.RunAsync("user", "list", "--prefix", name, "--json")).Expect(ExitCode.Done);

        Assert.StartsWith($"{new JsonWebToken(token).Subject}\t{name}\t20", Assert.Single(listed.Lines.Distinct()));
        Assert.Equal(name, json.Json["username"]!.GetValue<string>());
        Assert.Empty((await admin.RunAsync("user", "list", "--prefix", $"{name}x")).Expect(ExitCode.Done).Results);
        (await admin.RunAsync("user", "list", "--prefix", "*")).Expect(ExitCode.WrongUsage);
    }

    [Fact]
    public async Task Signed_out_every_token_is_refused_and_the_user_can_sign_in_again()
    {
        var first = await RegisterAsync();
        var second = await api.SignInAsync(name);

        var done = (await admin.RunAsync("user", "sign-out", name, "--json")).Expect(ExitCode.Done);

        Assert.NotNull(done.Json["signed_out_before"]);
        (await api.RetrieveAsync(first, "k")).ExpectError("INVALID_TOKEN");
        (await api.RetrieveAsync(second, "k")).ExpectError("INVALID_TOKEN");
        (await api.RetrieveAsync(await api.SignInAsync(name), "k")).ExpectError("KEY_NOT_FOUND");
    }

    [Fact]
    public async Task Nothing_is_deleted_without_a_confirmation()
    {
        var token = await RegisterAsync();

        var refused = (await admin.RunAsync("user", "delete", name)).Expect(ExitCode.WrongUsage);
        Assert.Contains("--yes", refused.Errors, StringComparison.Ordinal);
        (await admin.AnswerAsync("yes\n", TestContext.Current.CancellationToken, "user", "delete", name)).Expect(
            ExitCode.WrongUsage
        );
        (await admin.AnswerAsync("", TestContext.Current.CancellationToken, "user", "delete", name)).Expect(
            ExitCode.WrongUsage
        );

        (await api.GetAsync("/api/account", token)).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Deleted_beside_the_running_service_a_user_leaves_nothing_but_a_tombstone()
    {
        var token = await RegisterAsync();
        var userId = new JsonWebToken(token).Subject;
        await api.FillAsync(token);
        // Of another client, in no index.
        await store.Database.StringSetAsync($"fastkv:data:{{{userId}}}:unlisted", "v");

        var done = (
            await admin.AnswerAsync(
                $"{name}\n",
                TestContext.Current.CancellationToken,
                "user",
                "delete",
                $"{name}@example.com"
            )
        ).Expect(ExitCode.Done);

        Assert.StartsWith(userId, done.Results);
        Assert.Equal([$"fastkv:ended:{{{userId}}}"], store.KeysOf(userId));
        Assert.False(await store.Database.HashExistsAsync("fastkv:deletions", userId));
        Assert.False(await store.Database.KeyExistsAsync($"fastkv:user:{name.ToLowerInvariant()}"));
        Assert.False(await store.Database.KeyExistsAsync($"fastkv:email:{name.ToLowerInvariant()}@example.com"));
        (await api.RetrieveAsync(token, "k1")).ExpectError("INVALID_TOKEN");
        (await admin.RunAsync("user", "delete", name, "--yes")).Expect(ExitCode.NotFound);
        (await admin.RunAsync("user", "delete", "--id", userId, "--yes")).Expect(ExitCode.NotFound);
        (await admin.RunAsync("user", "show", name)).Expect(ExitCode.NotFound);
        var gone = (await admin.RunAsync("user", "show", "--id", userId)).Expect(ExitCode.NotFound);
        Assert.Contains("tombstone", gone.Errors, StringComparison.Ordinal);
        (await admin.RunAsync("check", "--id", userId)).Expect(ExitCode.NotFound);
        Assert.NotEqual(userId, new JsonWebToken(await RegisterAsync()).Subject);
    }

    [Fact]
    public async Task Stopped_while_a_replica_has_the_lease_a_second_run_finishes()
    {
        var token = await RegisterAsync();
        var userId = new JsonWebToken(token).Subject;
        await api.FillAsync(token);
        var lease = $"fastkv:deletion:{{{userId}}}";
        await store.Database.StringSetAsync(lease, "another replica", TimeSpan.FromMinutes(1));
        using var stop = new CancellationTokenSource();

        var run = admin.AnswerAsync(null, stop.Token, "user", "delete", name, "--yes");
        await Wait.UntilAsync(
            "the user is gone",
            async () => !await store.Database.KeyExistsAsync($"fastkv:user:{name.ToLowerInvariant()}")
        );
        await stop.CancelAsync();

        (await run).Expect(ExitCode.Stopped);
        (await api.RetrieveAsync(token, "k1")).ExpectError("INVALID_TOKEN");
        var shown = (await admin.RunAsync("user", "show", name, "--json")).Expect(ExitCode.Done).Json;
        Assert.Equal("deleting", shown["state"]!.GetValue<string>());
        Assert.Equal(601, shown["keys"]!.GetValue<int>());

        // Without the lease a replica would finish, perhaps before the second run has looked for the user: it must have begun.
        var tombstone = $"fastkv:ended:{{{userId}}}";
        await store.Database.KeyDeleteAsync(tombstone);
        var again = admin.RunAsync("user", "delete", name, "--yes", "--json");
        await Wait.UntilAsync("the second run has begun", () => store.Database.KeyExistsAsync(tombstone));
        await store.Database.KeyDeleteAsync(lease);
        (await again).Expect(ExitCode.Done);
        Assert.Equal([tombstone], store.KeysOf(userId));
    }

    [Fact]
    public async Task Data_whose_user_is_gone_are_found_and_removed_by_the_id()
    {
        var userId = UserStore.NewUserId();
        await store.Database.StringSetAsync($"fastkv:data:{{{userId}}}:k", "v");
        await store.Database.SortedSetAddAsync($"fastkv:keys:{{{userId}}}", "k", 0);

        var checkedData = (await admin.RunAsync("check", "--id", userId, "--json")).Expect(ExitCode.Findings);
        Assert.Equal(["data_without_user"], checkedData.Findings);
        var shown = (await admin.RunAsync("user", "show", "--id", userId)).Expect(ExitCode.NotFound);
        Assert.Contains("1 keys under this id", shown.Errors, StringComparison.Ordinal);
        (await admin.RunAsync("user", "delete", "--id", userId, "--yes")).Expect(ExitCode.Done);

        Assert.Equal([$"fastkv:ended:{{{userId}}}"], store.KeysOf(userId));
    }

    [Theory]
    [InlineData(ExitCode.NotFound, "user", "show", "nobody-of-this-name")]
    [InlineData(ExitCode.NotFound, "user", "show", "nobody@example.org")]
    [InlineData(ExitCode.NotFound, "user", "sign-out", "--id", "nobody")]
    [InlineData(ExitCode.WrongUsage, "user", "show")]
    [InlineData(ExitCode.WrongUsage, "user", "show", "a", "--id", "b")]
    [InlineData(ExitCode.WrongUsage, "user", "show", "--id", "*")]
    [InlineData(ExitCode.WrongUsage, "user", "show", "a", "b")]
    [InlineData(ExitCode.WrongUsage, "user", "show", "a", "--nonsense")]
    [InlineData(ExitCode.WrongUsage, "user")]
    [InlineData(ExitCode.WrongUsage, "check")]
    [InlineData(ExitCode.WrongUsage, "check", "a", "--all")]
    [InlineData(ExitCode.WrongUsage)]
    public async Task What_can_not_be_done_has_a_sentence_and_its_code(int code, params string[] args)
    {
        var result = (await admin.RunAsync(args)).Expect(code);

        Assert.Empty(result.Results);
        Assert.NotEmpty(result.Errors);
    }

    private async Task<string> RegisterAsync()
    {
        (await api.PostAsync("/api/register", ApiClient.Registration(name))).Expect(HttpStatusCode.Created);
        return await api.SignInAsync(name);
    }
}
