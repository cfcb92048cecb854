using System.Net;
using FastKv.Features.Users;
using FastKv.Redis;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using FastKv.Tests.Redis;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Features.Users;

/// <summary>
/// What a registration leaves behind when the service is killed between two of its steps: the tests write that state and
/// register again.
/// </summary>
public sealed class RegistrationCrashTests(ReachableStore store) : IClassFixture<ReachableStore>
{
    private static readonly TimeSpan Fresh = TimeSpan.Zero;
    private static readonly TimeSpan Old = UserStore.OrphanAge + TimeSpan.FromSeconds(5);

    private readonly RedisKeys keys = new(new RedisOptions());
    private readonly ApiClient api = store.Api;
    private readonly string name = ApiClient.NewName();

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(60)]
    [InlineData(1_000_000)]
    public async Task After_the_claim_the_same_person_registers_again_at_once(int secondsAgo)
    {
        await ClaimAsync(name, name, TimeSpan.FromSeconds(secondsAgo));

        (await RegisterAsync(name, name)).Expect(HttpStatusCode.Created);
        await ExpectClaimedAsync(name, name);
        await api.SignInAsync(name);
    }

    [Fact]
    public async Task After_the_claim_the_name_is_free_for_a_registration_with_another_email()
    {
        await ClaimAsync(name, name, Fresh);
        var other = ApiClient.NewName();

        (await RegisterAsync(name, email: other)).Expect(HttpStatusCode.Created);

        // The user whom the orphaned claim names has another email now: the claimed one is free at once.
        (await RegisterAsync(ApiClient.NewName(), email: name)).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task After_the_claim_the_email_is_kept_for_half_a_minute()
    {
        await ClaimAsync(name, name, Fresh);

        (await RegisterAsync(ApiClient.NewName(), email: name)).ExpectError("EMAIL_EXISTS");
    }

    [Fact]
    public async Task After_the_claim_and_half_a_minute_anyone_may_take_the_email_over()
    {
        await ClaimAsync(name, name, Old);
        var other = ApiClient.NewName();

        (await RegisterAsync(other, email: name)).Expect(HttpStatusCode.Created);

        await ExpectClaimedAsync(email: name, by: other);
        (await RegisterAsync(name, email: name)).ExpectError("EMAIL_EXISTS");
        (await RegisterAsync(name, email: ApiClient.NewName())).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Of_many_who_take_an_old_claim_over_exactly_one_wins()
    {
        await ClaimAsync(name, name, Old);

        var replies = await Task.WhenAll(
            Enumerable.Range(0, 32).Select(i => RegisterAsync(i == 0 ? name : ApiClient.NewName(), email: name))
        );

        var winner = Assert.Single(replies, reply => reply.Status == HttpStatusCode.Created);
        Assert.All(replies.Where(reply => reply != winner), reply => reply.ExpectError("EMAIL_EXISTS"));
        await ExpectClaimedAsync(name, winner.Json["data"]!["username"]!.GetValue<string>());
    }

    [Fact]
    public async Task After_the_user_is_made_and_before_the_answer_the_registration_has_happened()
    {
        (await RegisterAsync(name, name)).Expect(HttpStatusCode.Created);

        (await RegisterAsync(name, name)).ExpectError("USERNAME_EXISTS");
        (await RegisterAsync(ApiClient.NewName(), email: name)).ExpectError("EMAIL_EXISTS");
        await api.SignInAsync(name);
        await ExpectClaimedAsync(name, name);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public async Task Before_a_refused_registration_gives_its_claim_back_the_email_is_free_at_once(int secondsAgo)
    {
        // The name was taken by a user with another email, and the service was killed before it released the claim.
        (await RegisterAsync(name, name)).Expect(HttpStatusCode.Created);
        var email = ApiClient.NewName();
        await ClaimAsync(email, by: name, TimeSpan.FromSeconds(secondsAgo));
        var other = ApiClient.NewName();

        (await RegisterAsync(name, email)).ExpectError("USERNAME_EXISTS");
        (await RegisterAsync(other, email)).Expect(HttpStatusCode.Created);

        await ExpectClaimedAsync(email, other);
        (await RegisterAsync(ApiClient.NewName(), email: name)).ExpectError("EMAIL_EXISTS");
    }

    [Fact]
    public async Task A_refused_registration_gives_its_claim_back()
    {
        // They all find the name free, and claim their emails before they learn that another has it.
        var emails = Enumerable.Range(0, 64).Select(_ => ApiClient.NewName()).ToArray();

        var replies = await Task.WhenAll(emails.Select(email => RegisterAsync(name, email)));

        Assert.Single(replies, reply => reply.Status == HttpStatusCode.Created);
        var claims = await Task.WhenAll(
            emails.Select(email => store.Database.StringGetAsync(keys.Email($"{email}@example.com")))
        );
        Assert.Equal(name, EmailClaim.Parse(Assert.Single(claims, claim => !claim.IsNull))!.Username);
    }

    [Fact]
    public async Task The_user_and_the_claim_are_kept_as_they_are_described()
    {
        var before = DateTimeOffset.UtcNow.AddMinutes(-1);
        var registered = (await RegisterAsync(name.ToUpperInvariant(), name)).Expect(HttpStatusCode.Created);

        var user = (await store.Database.HashGetAllAsync($"fastkv:user:{name}")).ToDictionary(
            field => field.Name.ToString(),
            field => field.Value.ToString()
        );
        Assert.Equal(
            ["age", "created_at", "email", "full_name", "gender", "password_hash", "user_id", "username"],
            user.Keys.Order()
        );
        Assert.Equal(registered.Json["data"]!["user_id"]!.GetValue<string>(), user["user_id"]);
        Assert.Equal(name.ToUpperInvariant(), user["username"]);
        Assert.InRange(DateTimeOffset.Parse(user["created_at"], null), before, before.AddMinutes(5));
        Assert.DoesNotContain("secure_password123", string.Concat(user.Values), StringComparison.Ordinal);
        await ExpectClaimedAsync(name, name);
    }

    private Task<Reply> RegisterAsync(string username, string email)
    {
        var registration = ApiClient.Registration(username);
        registration["email"] = $"{email}@example.com";
        return api.PostAsync("/api/register", registration);
    }

    private async Task ClaimAsync(string email, string by, TimeSpan age)
    {
        var since = (DateTimeOffset.UtcNow - age).ToUnixTimeMilliseconds();
        await store.Database.StringSetAsync(
            keys.Email($"{email}@example.com"),
            $"{since} {UserStore.NewUserId()} {by}"
        );
    }

    /// <summary>The claim names the user, and the user has this email and the id of the claim.</summary>
    private async Task ExpectClaimedAsync(string email, string by)
    {
        var claim = EmailClaim.Parse(await store.Database.StringGetAsync(keys.Email($"{email}@example.com")));
        Assert.Equal(by.ToLowerInvariant(), claim!.Username);
        var user = await store.Database.HashGetAsync(keys.User(claim.Username), ["email", "user_id"]);
        Assert.Equal([$"{email}@example.com", claim.UserId], user.Select(value => value.ToString()));
    }
}
