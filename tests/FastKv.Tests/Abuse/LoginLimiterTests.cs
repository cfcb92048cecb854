using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Abuse;

/// <summary>A service behind a trusted proxy, so that a test can be a client at any address.</summary>
public sealed class LimiterService(ServiceFixture fixture) : IAsyncLifetime
{
    public const int PerUsername = 3;
    public const int PerAddress = 8;
    public const int WindowSeconds = 600;
    public const int Registrations = 4;

    internal static readonly (string, string?)[] Settings =
    [
        ("FastKv__Http__TrustedProxies__0", "127.0.0.0/8"),
        ("FastKv__Limits__FailedLoginsPerUsername", $"{PerUsername}"),
        ("FastKv__Limits__FailedLoginsPerAddress", $"{PerAddress}"),
        ("FastKv__Limits__FailedLoginWindowSeconds", $"{WindowSeconds}"),
        ("FastKv__Limits__RegistrationsPerHourPerAddress", $"{Registrations}"),
    ];

    internal OwnService Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Service = await OwnService.StartAsync(fixture, Settings);

    public ValueTask DisposeAsync() => Service.DisposeAsync();
}

public sealed class LoginLimiterTests(ServiceFixture fixture, LimiterService limiter) : IClassFixture<LimiterService>
{
    private const string RightPassword = "secure_password123";
    private const string WrongPassword = "wrong_password123";

    private readonly ApiClient api = limiter.Service.Api;

    private static string NewAddress() =>
        new IPAddress([10, .. BitConverter.GetBytes(Random.Shared.Next())[..3]]).ToString();

    private Task<Reply> LoginAsync(string username, string password, string from) =>
        LoginAsync(api, username, password, from);

    private static Task<Reply> LoginAsync(ApiClient api, string username, string password, string from) =>
        api.SendAsync(
            HttpMethod.Post,
            "/api/token",
            content: ApiClient.Json(new JsonObject { ["username"] = username, ["password"] = password }.ToJsonString()),
            headers: ("X-Forwarded-For", from)
        );

    private async Task<string> RegisterAsync()
    {
        var name = ApiClient.NewName();
        var body = ApiClient.Registration(name).ToJsonString();
        var reply = await api.SendAsync(
            HttpMethod.Post,
            "/api/register",
            content: ApiClient.Json(body),
            headers: ("X-Forwarded-For", NewAddress())
        );
        reply.Expect(HttpStatusCode.Created);
        return name;
    }

    private static void ExpectLocked(Reply reply, int windowSeconds = LimiterService.WindowSeconds)
    {
        reply.Expect(HttpStatusCode.TooManyRequests);
        Assert.Equal("TOO_MANY_REQUESTS", reply.Code);
        Assert.InRange(int.Parse(reply.Headers["Retry-After"], CultureInfo.InvariantCulture), 1, windowSeconds);
    }

    [Fact]
    public async Task After_too_many_failures_the_right_password_is_refused_too_but_data_and_others_are_not()
    {
        var (victim, other) = (await RegisterAsync(), await RegisterAsync());
        var token = (await LoginAsync(victim, RightPassword, NewAddress())).Expect(HttpStatusCode.OK).Json["data"]![
            "access_token"
        ]!.GetValue<string>();

        for (var i = 0; i < LimiterService.PerUsername; i++)
        {
            (await LoginAsync(victim, WrongPassword, NewAddress())).Expect(HttpStatusCode.Unauthorized);
        }

        ExpectLocked(await LoginAsync(victim, WrongPassword, NewAddress()));
        ExpectLocked(await LoginAsync(victim, RightPassword, NewAddress()));
        ExpectLocked(await LoginAsync(victim.ToUpperInvariant(), RightPassword, NewAddress()));
        (await api.StoreAsync(token, "key", "value")).Expect(HttpStatusCode.Created);
        (await LoginAsync(other, RightPassword, NewAddress())).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_success_resets_the_count_of_the_username()
    {
        var user = await RegisterAsync();
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < LimiterService.PerUsername - 1; i++)
            {
                (await LoginAsync(user, WrongPassword, NewAddress())).Expect(HttpStatusCode.Unauthorized);
            }

            (await LoginAsync(user, RightPassword, NewAddress())).Expect(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task A_user_who_does_not_exist_gets_the_very_answers_of_one_who_does()
    {
        var (known, unknown) = (await RegisterAsync(), ApiClient.NewName());
        for (var i = 0; i < LimiterService.PerUsername + 2; i++)
        {
            var ofKnown = await LoginAsync(known, WrongPassword, NewAddress());
            var ofUnknown = await LoginAsync(unknown, WrongPassword, NewAddress());

            Assert.Equal(ofKnown.Status, ofUnknown.Status);
            Assert.Equal(ofKnown.Text, ofUnknown.Text);
            Assert.Equal(ofKnown.Headers.Keys.Order(), ofUnknown.Headers.Keys.Order());
        }
    }

    [Fact]
    public async Task An_address_is_locked_after_too_many_failures_with_any_usernames_and_no_success_helps_it()
    {
        var (attacker, address) = (await RegisterAsync(), NewAddress());
        for (var i = 0; i < LimiterService.PerAddress; i++)
        {
            (await LoginAsync(ApiClient.NewName(), WrongPassword, address)).Expect(HttpStatusCode.Unauthorized);
            if (i < LimiterService.PerAddress - 1)
            {
                (await LoginAsync(attacker, RightPassword, address)).Expect(HttpStatusCode.OK);
            }
        }

        ExpectLocked(await LoginAsync(ApiClient.NewName(), WrongPassword, address));
        ExpectLocked(await LoginAsync(attacker, RightPassword, address));
        (await LoginAsync(attacker, RightPassword, NewAddress())).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_a_client_writes_into_the_header_itself_does_not_change_its_address()
    {
        var address = NewAddress();
        for (var i = 0; i < LimiterService.PerAddress; i++)
        {
            // The trusted proxy appends the address that it saw.
            var header = $"{NewAddress()}, {address}";
            (await LoginAsync(ApiClient.NewName(), WrongPassword, header)).Expect(HttpStatusCode.Unauthorized);
        }

        ExpectLocked(await LoginAsync(ApiClient.NewName(), WrongPassword, $"{NewAddress()}, {address}"));
        ExpectLocked(await LoginAsync(ApiClient.NewName(), WrongPassword, address));
    }

    [Fact]
    public async Task An_IPv6_network_of_64_bits_is_one_address()
    {
        var network = $"2001:db8:{Random.Shared.Next(65536):x}:{Random.Shared.Next(65536):x}";
        for (var i = 0; i < LimiterService.PerAddress; i++)
        {
            var from = $"{network}:{i:x}::{i + 1:x}";
            (await LoginAsync(ApiClient.NewName(), WrongPassword, from)).Expect(HttpStatusCode.Unauthorized);
        }

        ExpectLocked(await LoginAsync(ApiClient.NewName(), WrongPassword, $"{network}:ffff::1"));
    }

    [Fact]
    public async Task Of_many_attempts_at_once_only_those_within_the_limit_learn_anything()
    {
        var user = await RegisterAsync();

        var replies = await Task.WhenAll(
            Enumerable.Range(0, 60).Select(_ => LoginAsync(user, WrongPassword, NewAddress()))
        );

        Assert.Equal(LimiterService.PerUsername, replies.Count(reply => reply.Status == HttpStatusCode.Unauthorized));
        Assert.All(replies.Where(reply => reply.Status != HttpStatusCode.Unauthorized), reply => ExpectLocked(reply));
        ExpectLocked(await LoginAsync(user, RightPassword, NewAddress()));
    }

    [Fact]
    public async Task Many_right_logins_of_one_user_at_once_are_all_let_in()
    {
        var user = await RegisterAsync();

        var replies = await Task.WhenAll(
            Enumerable.Range(0, 40).Select(_ => LoginAsync(user, RightPassword, "10.9.8.7"))
        );

        Assert.All(replies, reply => reply.Expect(HttpStatusCode.OK));
    }

    [Fact]
    public async Task Registrations_of_an_address_are_limited_if_the_setting_says_so()
    {
        var address = NewAddress();
        Task<Reply> RegisterFromAsync(string from) =>
            api.SendAsync(
                HttpMethod.Post,
                "/api/register",
                content: ApiClient.Json(ApiClient.Registration().ToJsonString()),
                headers: ("X-Forwarded-For", from)
            );

        for (var i = 0; i < LimiterService.Registrations; i++)
        {
            (await RegisterFromAsync(address)).Expect(HttpStatusCode.Created);
        }

        ExpectLocked(await RegisterFromAsync(address), 3600);
        (await RegisterFromAsync(NewAddress())).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Replicas_share_the_count_and_it_expires_and_names_nobody()
    {
        Assert.SkipWhen(fixture.Redis is null, "The embedded store is for one process; this needs a Redis.");
        await using var replica = await OwnService.StartAsync(
            fixture.Redis,
            limiter.Service.KeyPrefix,
            LimiterService.Settings
        );
        var (user, address) = (await RegisterAsync(), NewAddress());

        for (var i = 0; i < LimiterService.PerUsername; i++)
        {
            var at = i % 2 == 0 ? api : replica.Api;
            (await LoginAsync(at, user, WrongPassword, address)).Expect(HttpStatusCode.Unauthorized);
        }

        ExpectLocked(await LoginAsync(api, user, RightPassword, NewAddress()));
        ExpectLocked(await LoginAsync(replica.Api, user, RightPassword, NewAddress()));
        await using var redis = await ConnectionMultiplexer.ConnectAsync(fixture.Administration!);
        var counters = redis.GetServers()[0].Keys(pattern: $"{limiter.Service.KeyPrefix}:failed:*").ToArray();
        Assert.NotEmpty(counters);
        foreach (var counter in counters)
        {
            Assert.DoesNotContain(user, counter.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(address, counter.ToString(), StringComparison.Ordinal);
            var lifetime = await redis.GetDatabase().KeyTimeToLiveAsync(counter);
            Assert.True(lifetime <= TimeSpan.FromSeconds(LimiterService.WindowSeconds), $"{counter} lives {lifetime}.");
        }
    }

    [Fact]
    public async Task Without_a_trusted_proxy_the_header_is_ignored_and_the_lock_ends_with_the_window()
    {
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Limits__FailedLoginsPerAddress", "2"),
            ("FastKv__Limits__FailedLoginWindowSeconds", "3")
        );
        var user = await service.Api.RegisterAsync();

        // On a slow machine the window may end between two of them.
        await Wait.UntilAsync(
            "the address is locked",
            async () =>
                (await LoginAsync(service.Api, ApiClient.NewName(), WrongPassword, NewAddress())).Status
                == HttpStatusCode.TooManyRequests
        );
        await Wait.UntilAsync(
            "the lock ends",
            async () => (await LoginAsync(service.Api, user, RightPassword, NewAddress())).Status == HttpStatusCode.OK
        );
    }

    [Fact]
    public async Task A_failure_that_cannot_be_counted_is_answered_as_an_outage()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "There is no redis-server on the PATH.");
        await using var redis = await RedisServer.StartAsync();
        await using var service = await OwnService.StartAsync(redis.ConnectionString, "fastkv");
        var user = await service.Api.RegisterAsync();
        await redis.CliAsync("CLIENT", "PAUSE", "20000", "WRITE");

        var reply = await LoginAsync(service.Api, user, WrongPassword, NewAddress());

        reply.Expect(HttpStatusCode.ServiceUnavailable);
        Assert.Equal("STORE_UNAVAILABLE", reply.Code);
        Assert.True(reply.Headers.ContainsKey("Retry-After"));
    }
}
