using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Faults;

/// <summary>A Redis that answers with errors: what the clients are told, and what the service tells of it.</summary>
[Collection(FaultTests.Name)]
public sealed class ErrorReplyTests(RefusingStore store) : IClassFixture<RefusingStore>
{
    // Stands in every error, as a key, a username or an email address does in those of Redis.
    private const string Secret = "secretofsomebody";

    private readonly ApiClient api = store.Service?.Api!;

    [Theory]
    [InlineData($"ERR max daily request limit exceeded. Limit: 10000, Usage: 10000, {Secret}.")]
    [InlineData($"ERR max number of clients reached, {Secret}")]
    [InlineData($"ERR unknown command, with args beginning with: '{Secret}'")]
    [InlineData($"ERR operation not permitted {Secret}")]
    [InlineData($"ERR {Secret}")]
    [InlineData($"QUOTAEXCEEDED {Secret}")]
    [InlineData($"{Secret}@example.com is blocked")]
    [InlineData(Secret)]
    [InlineData($"NOSCRIPT No matching script. {Secret}")]
    [InlineData($"EXECABORT Transaction discarded {Secret}")]
    [InlineData($"CROSSSLOT Keys in request don't hash to the same slot {Secret}")]
    [InlineData($"UNKILLABLE {Secret}")]
    [InlineData($"NOTBUSY {Secret}")]
    [InlineData($"LOADING Redis is loading the dataset in memory {Secret}")]
    [InlineData($"MASTERDOWN {Secret}")]
    [InlineData($"CLUSTERDOWN Hash slot not served {Secret}")]
    [InlineData($"TRYAGAIN {Secret}")]
    [InlineData("MOVED 1 ?:0")]
    [InlineData($"NOREPLICAS {Secret}")]
    [InlineData($"MISCONF {Secret}")]
    [InlineData($"OOM {Secret}")]
    [InlineData($"BUSY {Secret}")]
    [InlineData($"NOAUTH {Secret}")]
    [InlineData($"WRONGPASS {Secret}")]
    [InlineData($"NOPERM this user has no permissions to access '{Secret}'")]
    [InlineData($"READONLY {Secret}")]
    public async Task What_Redis_refuses_was_not_done(string error)
    {
        await store.HealAsync();
        var token = await api.NewUserTokenAsync();
        (await api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);
        var name = ApiClient.NewName();

        store.Proxy.Refuse = words => IsOnKey(words) ? error : null;
        (await api.PostAsync("/api/register", ApiClient.Registration(name))).ExpectError("STORE_UNAVAILABLE");
        (await api.PostAsync("/api/token", Credentials(name))).ExpectError("STORE_UNAVAILABLE");
        (await api.StoreAsync(token, "new", "v")).ExpectError("STORE_UNAVAILABLE");
        (await api.RetrieveAsync(token, "k")).ExpectError("STORE_UNAVAILABLE");
        (await api.UpdateAsync(token, "k", "w")).ExpectError("STORE_UNAVAILABLE");
        (await api.DeleteAsync(token, "k")).ExpectError("STORE_UNAVAILABLE");
        var ready = (await api.GetAsync("/health/ready")).Expect(HttpStatusCode.ServiceUnavailable);
        Assert.DoesNotContain(Secret, ready.Text, StringComparison.OrdinalIgnoreCase);

        await store.HealAsync();
        Assert.Equal("v", await ValueAsync(token, "k"));
        (await api.RetrieveAsync(token, "new")).ExpectError("KEY_NOT_FOUND");
        (await api.PostAsync("/api/register", ApiClient.Registration(name))).Expect(HttpStatusCode.Created);
        ExpectNothingTold();
    }

    [Fact]
    public async Task A_script_that_answers_with_an_error_may_have_written()
    {
        await store.HealAsync();
        var name = ApiClient.NewName();

        store.Proxy.IsCarriedOut = true;
        store.Proxy.Refuse = words => IsScriptOn(words, ":user:") ? $"ERR whatever {Secret}" : null;
        (await api.PostAsync("/api/register", ApiClient.Registration(name))).ExpectError("OUTCOME_UNKNOWN");

        await store.HealAsync();
        (await api.PostAsync("/api/register", ApiClient.Registration(name))).ExpectError("USERNAME_EXISTS");
        ExpectNothingTold();
    }

    [Theory]
    [InlineData("NOSCRIPT No matching script.", ":user:")]
    [InlineData("ERR unknown command 'EVALSHA', with args beginning with: ", ":user:")]
    [InlineData("OOM command not allowed when used memory > 'maxmemory'. script: x, on @user_script:1.", ":user:")]
    // The claim on an email, without which there is no user: whether it stands or not, nothing was registered.
    [InlineData("ERR whatever", ":email:")]
    public async Task A_script_that_did_not_begin_or_does_not_matter_did_nothing(string error, string key)
    {
        await store.HealAsync();
        var name = ApiClient.NewName();

        store.Proxy.Refuse = words => IsScriptOn(words, key) ? error : null;
        (await api.PostAsync("/api/register", ApiClient.Registration(name))).ExpectError("STORE_UNAVAILABLE");

        await store.HealAsync();
        (await api.PostAsync("/api/register", ApiClient.Registration(name))).Expect(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData($"upstream failure {Secret}")]
    [InlineData($"ERR Connection timed out {Secret}")]
    public async Task A_proxy_that_lost_its_Redis_may_have_written(string error)
    {
        await store.HealAsync();
        var token = await api.NewUserTokenAsync();
        (await api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);

        store.Proxy.IsCarriedOut = true;
        store.Proxy.Refuse = words => IsOnKey(words) ? error : null;
        (await api.StoreAsync(token, "new", "v")).ExpectError("OUTCOME_UNKNOWN");
        (await api.RetrieveAsync(token, "k")).ExpectError("STORE_UNAVAILABLE");
        (await api.UpdateAsync(token, "k", "w")).ExpectError("OUTCOME_UNKNOWN");

        await store.HealAsync();
        Assert.Equal("v", await ValueAsync(token, "new"));
        Assert.Equal("w", await ValueAsync(token, "k"));
        store.Proxy.IsCarriedOut = true;
        store.Proxy.Refuse = words => IsOnKey(words) ? error : null;
        (await api.DeleteAsync(token, "k")).ExpectError("OUTCOME_UNKNOWN");

        await store.HealAsync();
        (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
        ExpectNothingTold();
    }

    [Fact]
    public async Task Of_an_error_that_is_no_passing_state_its_word_and_the_command_are_logged_once_a_minute()
    {
        await store.HealAsync();
        var token = await api.NewUserTokenAsync();

        store.Proxy.Refuse = words =>
            words.Any(word => word.Contains("ended", StringComparison.Ordinal)) || IsOnKey(words)
                ? $"PLANLIMIT {Secret}"
                : null;
        for (var i = 0; i < 20; i++)
        {
            (await api.StoreAsync(token, "k", "v")).ExpectError("STORE_UNAVAILABLE");
            (await api.RetrieveAsync(token, "k")).ExpectError("STORE_UNAVAILABLE");
            (await api.SendAsync(HttpMethod.Post, "/api/token/renew", token)).ExpectError("STORE_UNAVAILABLE");
        }

        await Wait.UntilAsync("both commands are logged", () => Task.FromResult(Lines().Length >= 2));
        Assert.Equal(1, Lines().Count(line => line.Contains("answered EVALSHA ", StringComparison.Ordinal)));
        Assert.Equal(1, Lines().Count(line => line.Contains("answered GET ", StringComparison.Ordinal)));

        // A state that passes is an outage like any other.
        store.Proxy.Refuse = words => IsOnKey(words) ? "CLUSTERDOWN The cluster is down" : null;
        (await api.RetrieveAsync(token, "k")).ExpectError("STORE_UNAVAILABLE");
        Assert.DoesNotContain("first word is CLUSTERDOWN", store.Service.Log, StringComparison.Ordinal);

        string[] Lines() =>
            [
                .. store
                    .Service.Log.Split('\n')
                    .Where(line => line.Contains("first word is PLANLIMIT", StringComparison.Ordinal)),
            ];
    }

    [Fact]
    public async Task A_proxy_that_hides_roles_and_leads_new_connections_to_the_new_master()
    {
        await store.HealAsync();
        var token = await api.NewUserTokenAsync();
        (await api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);

        // INFO says that this is a master, so only a refused write tells that it is none.
        store.Proxy.LastRefused = store.Proxy.Connections;
        store.Proxy.Refuse = words =>
            IsOnKey(words) && words.Contains("store") ? "READONLY You can't write against a read only replica." : null;
        (await api.StoreAsync(token, "new", "v")).ExpectError("STORE_UNAVAILABLE");

        await Wait.UntilAsync(
            "writes succeed again",
            async () =>
            {
                (await api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK);
                return (await api.StoreAsync(token, "new", "v")).Status == HttpStatusCode.Created;
            },
            Traffic.AnswerBound
        );
    }

    [Fact]
    public async Task A_Redis_that_refuses_everything_from_the_start()
    {
        await store.HealAsync();
        var token = await api.NewUserTokenAsync();
        store.Proxy.Refuse = _ => $"ERR max daily request limit exceeded. {Secret}";
        await using var service = FastKvProcess.Launch($"127.0.0.1:{store.Proxy.Port}");
        await Wait.UntilAsync("the service is live", service.Api.IsLiveAsync);

        (await service.Api.StoreAsync(token, "k", "v")).ExpectError("STORE_UNAVAILABLE");
        (await service.Api.RetrieveAsync(token, "k")).ExpectError("STORE_UNAVAILABLE");
        (await service.Api.PostAsync("/api/register", ApiClient.Registration())).ExpectError("STORE_UNAVAILABLE");
        (await service.Api.GetAsync("/health/ready")).Expect(HttpStatusCode.ServiceUnavailable);

        // The service that was there before loses its connections too, and with them what was under way.
        await Wait.UntilAsync("readiness is 503", async () => !await api.IsReadyAsync());
        store.Proxy.Refuse = _ => null;

        await service.UntilReadyAsync(TimeSpan.FromSeconds(4));
        (await service.Api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);
        await store.HealAsync();
        Assert.DoesNotContain(Secret, service.Log, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", service.Log, StringComparison.Ordinal);
        ExpectNothingTold();
    }

    private void ExpectNothingTold()
    {
        Assert.DoesNotContain(Secret, store.Service.Log, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", store.Service.Log, StringComparison.Ordinal);
        Assert.NotEmpty(store.Receiver.Bodies);
        Assert.DoesNotContain(
            store.Receiver.Bodies,
            bytes => Encoding.UTF8.GetString(bytes).Contains(Secret, StringComparison.OrdinalIgnoreCase)
        );
    }

    private async Task<string> ValueAsync(string token, string key) =>
        (await api.RetrieveAsync(token, key)).Expect(HttpStatusCode.OK).Json["data"]!["value"]!.GetValue<string>();

    private static JsonObject Credentials(string name) =>
        new() { ["username"] = name, ["password"] = "secure_password123" };

    private static bool IsOnKey(string[] words) =>
        words.Any(word => word.StartsWith("fastkv:", StringComparison.Ordinal));

    private static bool IsScriptOn(string[] words, string key) =>
        words[0].StartsWith("EVAL", StringComparison.OrdinalIgnoreCase)
        && words[3].StartsWith($"fastkv{key}", StringComparison.Ordinal);
}
