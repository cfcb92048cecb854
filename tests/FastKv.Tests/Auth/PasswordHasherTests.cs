using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using FastKv.Auth;
using FastKv.Redis;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using FastKv.Tests.Redis;
using Xunit;

namespace FastKv.Tests.Auth;

public sealed class PasswordHasherTests(ReachableStore store) : IClassFixture<ReachableStore>
{
    private const string SaltAndHash = @"[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$";

    private readonly RedisKeys keys = new(new RedisOptions());

    [Fact]
    public async Task A_hash_made_with_older_parameters_verifies_and_is_renewed_at_the_next_login()
    {
        var name = await store.Api.RegisterAsync();
        var old = await HashOfAsync(name);
        Assert.Matches(@"^\$argon2id\$v=19\$m=1024,t=1,p=1\$" + SaltAndHash, old);
        await using var newer = await FastKvProcess.StartAsync(
            store.ConnectionString,
            ("FastKv__Passwords__MemoryKiB", "2048"),
            ("FastKv__Passwords__Iterations", "2"),
            ("FastKv__Passwords__Parallelism", "2")
        );

        (await SignInAsync(newer.Api, name, "wrong_password_1")).ExpectError("INVALID_CREDENTIALS");
        Assert.Equal(old, await HashOfAsync(name));

        await newer.Api.SignInAsync(name);
        var renewed = await HashOfAsync(name);
        Assert.Matches(@"^\$argon2id\$v=19\$m=2048,t=2,p=2\$" + SaltAndHash, renewed);

        await newer.Api.SignInAsync(name);
        Assert.Equal(renewed, await HashOfAsync(name));

        // The older replica of a rolling update still lets the user in.
        await store.Api.SignInAsync(name);
        (await SignInAsync(store.Api, name, "wrong_password_1")).ExpectError("INVALID_CREDENTIALS");
    }

    [Fact]
    public async Task A_hash_of_a_password_as_it_was_typed_verifies_and_is_renewed_in_normal_form()
    {
        using var hasher = new PasswordHasher(
            new PasswordOptions
            {
                MemoryKiB = 1024,
                Iterations = 1,
                MaxConcurrentHashes = 1,
                MaxQueuedHashes = 8,
            }
        );
        const string typed = "Cre\u0300me 1 Cre\u0300me";
        var asTyped = Isopoh.Cryptography.Argon2.Argon2.Hash(typed, timeCost: 1, memoryCost: 1024, parallelism: 1);

        var first = await hasher.VerifyAsync(typed, asTyped, CancellationToken.None);
        Assert.True(first!.IsRight);
        Assert.True(
            (await hasher.VerifyAsync("Cr\u00E8me 1 Cr\u00E8me", first.RenewedHash, CancellationToken.None))!.IsRight
        );
        Assert.False((await hasher.VerifyAsync("Creme 1 Creme", asTyped, CancellationToken.None))!.IsRight);
    }

    [Fact]
    public async Task The_same_password_of_two_users_has_two_hashes()
    {
        Assert.NotEqual(
            (await HashOfAsync(await store.Api.RegisterAsync())).Split('$')[^1],
            (await HashOfAsync(await store.Api.RegisterAsync())).Split('$')[^1]
        );
    }

    [Fact]
    public async Task The_default_parameters_are_those_of_the_documents()
    {
        await using var service = await StartWithDefaultsAsync();

        Assert.StartsWith(
            "$argon2id$v=19$m=7168,t=5,p=1$",
            await HashOfAsync(await service.Api.RegisterAsync()),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Beyond_the_queue_logins_and_registrations_are_told_to_wait_and_data_are_served_meanwhile()
    {
        await using var service = await StartWithDefaultsAsync();
        var name = await service.Api.RegisterAsync();
        var token = await service.Api.SignInAsync(name);
        await service.Api.StoreAsync(token, "k", "v");

        var logins = Enumerable.Range(0, 24).Select(_ => SignInAsync(service.Api, name, "secure_password123"));
        var registrations = Enumerable
            .Range(0, 24)
            .Select(_ => service.Api.PostAsync("/api/register", ApiClient.Registration()));
        var flood = Task.WhenAll([.. logins, .. registrations]);
        (await service.Api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK);

        var replies = await flood;
        var refused = replies.Where(reply => reply.Status == HttpStatusCode.TooManyRequests).ToArray();
        Assert.NotEmpty(refused);
        Assert.All(refused, reply => reply.ExpectError("TOO_MANY_REQUESTS"));
        Assert.Contains(replies, reply => reply.Status is HttpStatusCode.OK or HttpStatusCode.Created);
        Assert.All(
            replies.Except(refused),
            reply => Assert.True(reply.Status is HttpStatusCode.OK or HttpStatusCode.Created, reply.Text)
        );

        // And when the flood is over, everybody gets in again.
        await service.Api.SignInAsync(name);
    }

    [Fact]
    public async Task An_unknown_user_costs_as_much_time_as_a_wrong_password()
    {
        await using var service = await StartWithDefaultsAsync();
        var name = await service.Api.RegisterAsync();
        List<TimeSpan> wrong = [];
        List<TimeSpan> unknown = [];
        await service.Api.SignInAsync(name);
        for (var i = 0; i < 7; i++)
        {
            unknown.Add(await TimeAsync(service.Api, ApiClient.NewName()));
            wrong.Add(await TimeAsync(service.Api, name));
        }

        // Without the same work it would be a tenth or less. The fastest of each: what else the machine does only ever adds time.
        var ratio = unknown.Min() / wrong.Min();
        Assert.InRange(ratio, 0.4, 2.5);
    }

    /// <summary>One hash at once and one that waits, each with the default parameters.</summary>
    private Task<FastKvProcess> StartWithDefaultsAsync() =>
        FastKvProcess.StartAsync(
            store.ConnectionString,
            ("FastKv__Passwords__MemoryKiB", null),
            ("FastKv__Passwords__Iterations", null),
            ("FastKv__Passwords__MaxConcurrentHashes", "1"),
            ("FastKv__Passwords__MaxQueuedHashes", "1")
        );

    private async Task<string> HashOfAsync(string name) =>
        (await store.Database.HashGetAsync(keys.User(name), "password_hash")).ToString();

    private static async Task<TimeSpan> TimeAsync(ApiClient api, string name)
    {
        var watch = Stopwatch.StartNew();
        (await SignInAsync(api, name, "wrong_password_1")).ExpectError("INVALID_CREDENTIALS");
        return watch.Elapsed;
    }

    private static Task<Reply> SignInAsync(ApiClient api, string username, string password) =>
        api.PostAsync("/api/token", new JsonObject { ["username"] = username, ["password"] = password });
}
