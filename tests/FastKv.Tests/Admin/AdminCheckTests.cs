using System.Net;
using FastKv.Admin;
using FastKv.Features.Users;
using FastKv.Tests.Harness;
using FastKv.Tests.Redis;
using Microsoft.IdentityModel.JsonWebTokens;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Admin;

public sealed class AdminCheckTests(ReachableStore store) : IClassFixture<ReachableStore>
{
    private readonly ApiClient api = store.Api;
    private readonly AdminRun admin = AdminRun.On(store.Administration);

    [Fact]
    public async Task Damage_among_a_users_entries_is_found_and_repaired_and_no_value_is_lost()
    {
        var name = await api.RegisterAsync();
        var token = await api.SignInAsync(name);
        var userId = new JsonWebToken(token).Subject;
        string Key(string kind, string rest = "") => $"fastkv:{kind}:{{{userId}}}{rest}";
        var database = store.Database;
        foreach (var key in (string[])["whole", "no-value", "score", "lasts", "moment"])
        {
            (await api.StoreAsync(token, key, key)).Expect(HttpStatusCode.Created);
        }

        foreach (var key in (string[])["expires", "no-expiry", "other-moment", "whole-expires"])
        {
            (
                await api.PostTextAsync("/api/data", $$"""{"key":"{{key}}","value":"v","expires_in":900}""", token)
            ).Expect(HttpStatusCode.Created);
        }

        (await api.ModifyAsync(token, "c", """{"increment":1,"create":true}""", ("Idempotency-Key", "one"))).Expect(
            HttpStatusCode.Created
        );
        (await admin.RunAsync("check", name)).Expect(ExitCode.Done);

        var later = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds();
        await database.KeyDeleteAsync(Key("data", ":no-value"));
        await database.StringSetAsync(Key("data", ":unlisted"), "v");
        await database.StringSetAsync(Key("data", ":unlisted-expires"), "v", TimeSpan.FromMinutes(9));
        await database.SortedSetAddAsync(Key("keys"), "score", 7);
        await database.SortedSetAddAsync(Key("expiry"), "nowhere", later);
        await database.SortedSetAddAsync(Key("expiry"), "lasts", later);
        await database.SortedSetRemoveAsync(Key("expiry"), "no-expiry");
        await database.SortedSetAddAsync(Key("expiry"), "other-moment", later);
        await database.StringSetAsync(Key("done", ":0123456789abcdef"), "record", TimeSpan.FromHours(1));
        await database.SortedSetAddAsync(Key("done"), "fedcba9876543210", later);

        // What is due is no damage: the service takes it away when it meets it.
        await database.SortedSetAddAsync(Key("keys"), "due", 0);
        await database.SortedSetAddAsync(Key("expiry"), "due", later - 7_200_000);

        string[] expected =
        [
            "expiry_differs",
            "expiry_without_index",
            "expiry_without_ttl",
            "idempotency_index_without_record",
            "idempotency_record_without_index",
            "index_score",
            "index_without_value",
            "ttl_without_expiry",
            "value_without_index",
            "value_without_index",
        ];
        var found = (await admin.RunAsync("check", name, "--json")).Expect(ExitCode.Findings);
        Assert.Equal(expected, found.Findings.Order(StringComparer.Ordinal));
        var repaired = (await admin.RunAsync("check", name, "--repair", "--json")).Expect(ExitCode.Done);
        Assert.Equal(expected, repaired.Findings.Order(StringComparer.Ordinal));
        Assert.Equal(expected.Length, repaired.Json["repaired"]!.GetValue<int>());

        (await admin.RunAsync("check", name)).Expect(ExitCode.Done);
        Assert.Equal(
            [
                "c",
                "expires",
                "lasts",
                "moment",
                "no-expiry",
                "other-moment",
                "score",
                "unlisted",
                "unlisted-expires",
                "whole",
                "whole-expires",
            ],
            await api.ListAllAsync(token)
        );
    }

    [Fact]
    public async Task What_a_person_must_decide_is_found_and_left_as_it_is()
    {
        var name = await api.RegisterAsync();
        var token = await api.SignInAsync(name);
        var userId = new JsonWebToken(token).Subject;
        string Key(string kind, string rest = "") => $"fastkv:{kind}:{{{userId}}}{rest}";
        (await api.StoreAsync(token, "list", "v")).Expect(HttpStatusCode.Created);
        await store.Database.KeyDeleteAsync(Key("data", ":list"));
        await store.Database.HashSetAsync(Key("data", ":list"), "a", "b");
        await store.Database.StringSetAsync(Key("data", ":bad\nname"), "v");
        await store.Database.StringSetAsync(Key("expiry"), "of another type");
        await store.Database.StringSetAsync(Key("done", ":0123456789abcdef"), "record");
        await store.Database.StringSetAsync(Key("ended"), "1 2");
        await store.Database.HashDeleteAsync($"fastkv:user:{name}", "full_name");
        await store.Database.HashDeleteAsync($"fastkv:user:{name}", "age");

        // The index of expiries first: without it nothing can be said of the entries.
        var first = (await admin.RunAsync("check", name, "--repair", "--json")).Expect(ExitCode.Findings);
        Assert.Equal(
            ["no_ttl", "no_ttl", "user_incomplete", "wrong_type"],
            first.Findings.Order(StringComparer.Ordinal)
        );
        await store.Database.KeyDeleteAsync(Key("expiry"));
        var second = (await admin.RunAsync("check", name, "--repair", "--json")).Expect(ExitCode.Findings);

        Assert.Equal(
            ["no_ttl", "no_ttl", "unreachable_value", "user_incomplete", "wrong_type"],
            second.Findings.Order(StringComparer.Ordinal)
        );
        Assert.Equal(0, second.Json["repaired"]!.GetValue<int>());
        Assert.True(await store.Database.KeyExistsAsync(Key("data", ":list")));
        Assert.True(await store.Database.KeyExistsAsync(Key("data", ":bad\nname")));
    }

    [Fact]
    public async Task Of_all_users_damage_of_names_and_data_of_nobody_are_found_and_repaired()
    {
        // An installation of its own beside that of the service, made by hand.
        var prefix = $"check-{Guid.NewGuid():N}";
        var own = new AdminRun(
            $"--ConnectionStrings:Redis={store.Administration}",
            "--FastKv:Redis:TimeoutMilliseconds=20000",
            $"--FastKv:Redis:KeyPrefix={prefix}"
        );
        var whole = await PlantAsync(prefix, "whole", "whole@example.com");
        var claimless = await PlantAsync(prefix, "claimless", "claimless@example.com");
        await store.Database.KeyDeleteAsync($"{prefix}:email:claimless@example.com");
        await PlantAsync(prefix, "differs", "differs@example.com");
        await store.Database.StringSetAsync($"{prefix}:email:differs@example.com", "1 otherid differs");
        await PlantAsync(prefix, "second", "whole@example.com");
        await store.Database.StringSetAsync($"{prefix}:email:whole@example.com", $"1 {whole} whole");
        await store.Database.StringSetAsync($"{prefix}:email:nobody@example.com", "1 someid nobody");
        await store.Database.StringSetAsync($"{prefix}:email:foreign@example.com", "nonsense");

        // A registration that is under way is no damage.
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await store.Database.StringSetAsync($"{prefix}:email:coming@example.com", $"{now} someid coming");
        var (orphan, deleted) = (UserStore.NewUserId(), UserStore.NewUserId());
        foreach (var userId in (string[])[whole, orphan, deleted])
        {
            await store.Database.StringSetAsync($"{prefix}:data:{{{userId}}}:k", "v");
            await store.Database.SortedSetAddAsync($"{prefix}:keys:{{{userId}}}", "k", 0);
        }

        var old = new Deletion(deleted, "deleted", "deleted@example.com", DateTimeOffset.UtcNow.AddHours(-2));
        await store.Database.HashSetAsync($"{prefix}:deletions", deleted, old.Text);
        await store.Database.HashSetAsync($"{prefix}:deletions", "someid", "nonsense");

        string[] left =
        [
            "data_without_user",
            "deletion_overdue",
            "deletion_unreadable",
            "email_claim_unreadable",
            "email_of_another_user",
        ];
        string[] expected = [.. left, "email_claim_differs", "email_without_user", "user_without_email"];
        var found = (await own.RunAsync("check", "--all", "--json")).Expect(ExitCode.Findings);
        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Findings.Order(StringComparer.Ordinal));
        Assert.Equal(4, found.Json["users"]!.GetValue<int>());
        var repaired = (await own.RunAsync("check", "--all", "--repair", "--json")).Expect(ExitCode.Findings);
        Assert.Equal(3, repaired.Json["repaired"]!.GetValue<int>());

        var rest = (await own.RunAsync("check", "--all", "--json")).Expect(ExitCode.Findings);
        Assert.Equal(left, rest.Findings.Order(StringComparer.Ordinal));
        Assert.Contains(
            $" {claimless} claimless",
            (string?)await store.Database.StringGetAsync($"{prefix}:email:claimless@example.com")
        );
        (await own.RunAsync("user", "delete", "--id", orphan, "--yes")).Expect(ExitCode.Done);
        (await own.RunAsync("user", "delete", "--id", deleted, "--yes")).Expect(ExitCode.Done);
        rest = (await own.RunAsync("check", "--all", "--json")).Expect(ExitCode.Findings);
        Assert.Equal(
            ["deletion_unreadable", "email_claim_unreadable", "email_of_another_user"],
            rest.Findings.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task A_claim_that_can_not_be_read_is_made_anew_for_the_user_of_the_address_alone()
    {
        var name = await api.RegisterAsync();
        var email = $"fastkv:email:{name}@example.com";
        await store.Database.StringSetAsync(email, "nonsense");

        (await admin.RunAsync("check", $"{name}@example.com")).Expect(ExitCode.NotFound);
        var found = (await admin.RunAsync("check", name, "--json")).Expect(ExitCode.Findings);
        Assert.Equal(["email_claim_differs"], found.Findings);
        (await admin.RunAsync("check", name, "--repair")).Expect(ExitCode.Done);

        (await admin.RunAsync("check", $"{name}@example.com")).Expect(ExitCode.Done);
        Assert.Equal(name, EmailClaim.Parse(await store.Database.StringGetAsync(email))!.Username);
    }

    [Fact]
    public async Task Beside_a_client_that_writes_nothing_is_found_of_20_000_keys_and_nothing_is_repaired()
    {
        var name = await api.RegisterAsync();
        var token = await api.SignInAsync(name);
        await Parallel.ForAsync(
            0,
            200,
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (batch, _) =>
            {
                var operations = Enumerable
                    .Range(batch * 100, 100)
                    .Select(i =>
                        $$"""{"op":"store","key":"k{{i}}","value":"v","expires_in":{{(i % 3 == 0 ? "900" : "null")}}}"""
                    );
                (await api.WriteBatchAsync(token, string.Join(',', operations))).Expect(HttpStatusCode.OK);
            }
        );
        using var ended = new CancellationTokenSource();
        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(client => WriteAsync(token, client, ended.Token)));

        var found = await admin.RunAsync("check", name, "--repair", "--json");
        var again = await admin.RunAsync("check", name, "--json");
        await ended.CancelAsync();
        var writes = (await writing).Sum();

        found.Expect(ExitCode.Done);
        again.Expect(ExitCode.Done);
        Assert.Equal(0, found.Json["findings"]!.GetValue<int>());
        Assert.Equal(0, again.Json["findings"]!.GetValue<int>());
        // Each key comes from the index and from the walk of all keys.
        Assert.InRange(found.Json["names"]!.GetValue<int>(), 35_000, int.MaxValue);
        Assert.NotEqual(0, writes);
        TestContext.Current.TestOutputHelper?.WriteLine($"{writes} writes beside two checks");
    }

    /// <summary>Creates and deletes keys, and changes when they expire, in the way of the check.</summary>
    private async Task<int> WriteAsync(string token, int client, CancellationToken ended)
    {
        var random = new Random(client);
        var writes = 0;
        for (; !ended.IsCancellationRequested; writes++)
        {
            var key = $"k{random.Next(20_000)}";
            _ = random.Next(3) switch
            {
                0 => await api.DeleteAsync(token, key),
                1 => await api.UpdateAsync(token, key, """{"value":"new","expires_in":1}""", "?upsert=true"),
                _ => await api.UpdateAsync(token, key, """{"value":"new","expires_in":null}""", "?upsert=true"),
            };
        }

        return writes;
    }

    private async Task<string> PlantAsync(string prefix, string name, string email)
    {
        var userId = UserStore.NewUserId();
        await store.Database.HashSetAsync(
            $"{prefix}:user:{name}",
            [
                new("user_id", userId),
                new("username", name),
                new("email", email),
                new("full_name", "John Doe"),
                new("age", "30"),
                new("gender", "male"),
                new("password_hash", "none"),
                new("created_at", "2026-01-31T12:00:00.0000000+00:00"),
            ]
        );
        await store.Database.StringSetAsync($"{prefix}:email:{email}", $"1 {userId} {name}");
        return userId;
    }
}
