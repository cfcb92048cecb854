using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Faults;

/// <summary>One service, one Redis, and one fault after the other: what docs/reliability.md promises of each.</summary>
[Collection(FaultTests.Name)]
public sealed class StoreFaultTests(BreakableStore store, ITestOutputHelper output) : IClassFixture<BreakableStore>
{
    /// <summary>A delay of each reply with which four steps are done in the time of a request, and the fifth is not.</summary>
    private static readonly TimeSpan OfFourStepsInTime = TimeSpan.FromMilliseconds(400);

    [Fact]
    public async Task Redis_that_is_killed_and_restarted()
    {
        await using var traffic = await store.TrafficAsync();

        await store.Redis.KillAsync();
        await traffic.UntilReadinessIsAsync(503);
        await traffic.UntilAnsweredAsync(200, 503);
        await store.RestartRedisAsync();

        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task Redis_that_is_frozen_and_thawed()
    {
        await using var traffic = await store.TrafficAsync();

        store.Redis.Signal("STOP");
        await traffic.UntilReadinessIsAsync(503);
        await traffic.UntilAnsweredAsync(200, 503);
        Assert.NotEqual(0, traffic.Count(504));
        store.Redis.Signal("CONT");

        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task Connections_that_are_cut_under_load()
    {
        await using var traffic = await store.TrafficAsync();

        for (var i = 0; i < 20; i++)
        {
            await store.Redis.CliAsync("client", "kill", "type", "normal");
            await traffic.UntilAnsweredAsync(20, 200, 201);
        }

        Assert.NotEqual(0, traffic.Count(503, 504));
        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task A_store_that_answers_half_a_second_late()
    {
        await using var traffic = await store.TrafficAsync();

        store.Network.Delay = TimeSpan.FromMilliseconds(500);
        await traffic.UntilAnsweredAsync(30, 200, 201);
        Assert.Equal(0, traffic.Count(503, 504));
        store.Network.Delay = TimeSpan.Zero;

        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task A_store_whose_late_replies_add_up()
    {
        await using var traffic = await store.TrafficAsync();
        var name = await store.Service.Api.RegisterAsync();

        store.Network.Delay = TimeSpan.FromSeconds(1.2);
        await traffic.UntilAnsweredAsync(20, 200, 201, 503, 504);
        var registering = store.Service.Api.PostAsync("/api/register", ApiClient.Registration());
        var signIn = await store.Service.Api.PostAsync(
            "/api/token",
            new JsonObject { ["username"] = name, ["password"] = "secure_password123" }
        );
        var registration = await registering;
        store.Network.Delay = TimeSpan.Zero;

        // No single reply is late enough for a timeout, but a registration has three, one after the other, and a sign-in four.
        registration.Expect(HttpStatusCode.ServiceUnavailable);
        signIn.Expect(HttpStatusCode.ServiceUnavailable);
        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task A_store_whose_late_replies_add_up_behind_a_first_question()
    {
        await using var traffic = await store.TrafficAsync();
        var api = store.Service.Api;
        var token = await api.NewUserTokenAsync();
        var large = await StoreLargeAsync(token);

        store.Network.Delay = TimeSpan.FromSeconds(1.2);
        await traffic.UntilAnsweredAsync(20, 200, 201, 503, 504);
        var accountAsync = api.GetAsync("/api/account", token);
        var batch = await api.ReadBatchAsync(token, large);
        var revocation = await api.SendAsync(HttpMethod.Delete, "/api/token", token);
        var account = await accountAsync;
        store.Network.Delay = TimeSpan.Zero;

        // Of each the first is whether the session has ended, or how long the values are.
        account.ExpectError("STORE_UNAVAILABLE");
        batch.ExpectError("STORE_UNAVAILABLE");
        revocation.ExpectError("OUTCOME_UNKNOWN");
        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task A_change_of_a_password_that_takes_longer_than_its_bound()
    {
        await using var traffic = await store.TrafficAsync();
        var api = store.Service.Api;
        var name = await api.RegisterAsync();
        var token = await api.SignInAsync(name);

        store.Network.Delay = OfFourStepsInTime;
        var change = await api.ChangePasswordAsync(token, "secure_password123", "another_password456");
        store.Network.Delay = TimeSpan.Zero;

        change.ExpectError("OUTCOME_UNKNOWN");
        await api.SignInAsync(name, "another_password456");
        (await api.GetAsync("/api/account", token)).ExpectError("INVALID_TOKEN");
        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task A_deletion_of_an_account_that_takes_longer_than_its_bound()
    {
        await using var traffic = await store.TrafficAsync();
        var api = store.Service.Api;
        var name = await api.RegisterAsync();
        var token = await api.SignInAsync(name);

        store.Network.Delay = OfFourStepsInTime;
        var deletion = await api.DeleteAccountAsync(token);
        store.Network.Delay = TimeSpan.Zero;

        deletion.ExpectError("OUTCOME_UNKNOWN");
        await Wait.UntilAsync(
            "the user is gone",
            async () => (await api.GetAsync("/api/account", token)).Status == HttpStatusCode.Unauthorized
        );
        await Wait.UntilAsync(
            "the name is free",
            async () =>
                (await api.PostAsync("/api/register", ApiClient.Registration(name))).Status == HttpStatusCode.Created
        );
        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task Connections_that_are_dropped_without_a_word()
    {
        await using var traffic = await store.TrafficAsync();

        store.Network.DropHalfOpen();

        // A new connection works at once, so the store counts as back at once.
        await RecoversAsync(traffic);
        Assert.NotEqual(0, traffic.Count(503, 504));
    }

    [Fact]
    public async Task Connections_that_break_in_the_middle_of_a_reply()
    {
        await using var traffic = await store.TrafficAsync();

        for (var i = 0; i < 10; i++)
        {
            store.Network.CutNextReplies();
            await traffic.UntilAnsweredAsync(20, 200, 201);
        }

        Assert.NotEqual(0, traffic.Count(503, 504));
        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task Redis_that_is_out_of_memory()
    {
        await using var traffic = await store.TrafficAsync();

        await store.TellAsync("config", "set", "maxmemory", "1");
        await traffic.UntilReadinessIsAsync(503);
        await traffic.UntilAnsweredAsync(100, 503);
        Assert.Equal(0, traffic.Count(504));
        await StillReadsAsync();
        await store.TellAsync("config", "set", "maxmemory", "0");

        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task Redis_that_has_become_a_read_only_replica()
    {
        await using var traffic = await store.TrafficAsync();
        var brief = ApiClient.NewName("brief");
        var stored = await store.Service.Api.PostTextAsync(
            "/api/data",
            $$"""{"key":"{{brief}}","value":"v","expires_in":1}""",
            store.Token
        );
        stored.Expect(HttpStatusCode.Created);

        // Of a master that nobody can reach, so that it keeps what it has.
        await store.TellAsync("replicaof", "127.0.0.1", $"{Wait.FreePort()}");
        await traffic.UntilReadinessIsAsync(503);
        await traffic.UntilAnsweredAsync(100, 503);
        await StillReadsAsync();
        // What has expired is not listed, though nobody can take its name away.
        await Wait.UntilAsync(
            "the entry has expired",
            async () => (await store.Service.Api.RetrieveAsync(store.Token, brief)).Status == HttpStatusCode.NotFound
        );
        Assert.Empty(await Listing.WalkAsync(store.Service.Api, store.Token, brief));
        await store.TellAsync("replicaof", "no", "one");

        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task Redis_that_can_not_write_to_its_disk()
    {
        await using var traffic = await store.TrafficAsync();

        // A background save that can't put its file in place: from then on Redis refuses writes (MISCONF).
        var obstacle = Directory.CreateDirectory(Path.Combine(store.Redis.Directory, "dump.rdb"));
        await store.TellAsync("config", "set", "save", "3600 1000000");
        await store.Redis.CliAsync("bgsave");
        await traffic.UntilReadinessIsAsync(503);
        await traffic.UntilAnsweredAsync(100, 503);
        // A Redis in this state refuses even PING, so the connections break: reads are refused as well, and of the writes that are
        // under way then, one for each client, nobody knows.
        Assert.True(traffic.Count(504) < traffic.Count(503), $"{traffic.Count(504)} writes were left open.");
        obstacle.Delete();
        await store.TellAsync("config", "set", "save", "");

        await RecoversAsync(traffic);
    }

    [Fact]
    public async Task A_password_that_is_changed_under_a_running_service()
    {
        await using var traffic = await store.TrafficAsync();

        await store.TellAsync("config", "set", "requirepass", "another");
        await store.Redis.CliAsync("-a", "another", "client", "kill", "type", "normal");
        await traffic.UntilReadinessIsAsync(503);
        await traffic.UntilAnsweredAsync(100, 503);
        await store.TellAsync("-a", "another", "config", "set", "requirepass", "");

        await RecoversAsync(traffic);
    }

    // What an earlier test did to the connection of large values, which no traffic uses, its first use finds out.
    private async Task<string> StoreLargeAsync(string token)
    {
        var (key, value) = ("", new string('v', 500_000));
        await Wait.UntilAsync(
            "a large value is stored",
            async () =>
            {
                key = ApiClient.NewName("large");
                return (await store.Service.Api.StoreAsync(token, key, value)).Status == HttpStatusCode.Created;
            }
        );
        return key;
    }

    private async Task StillReadsAsync()
    {
        var reply = await store.Service.Api.RetrieveAsync(store.Token, ApiClient.NewName());
        reply.Expect(HttpStatusCode.NotFound);
    }

    private async Task RecoversAsync(Traffic traffic)
    {
        await Recovery.CheckAsync(store.Service.Api, store.Token, output);
        await traffic.StopAndCheckAsync(output);
        Assert.False(store.Service.HasExited);
    }
}
