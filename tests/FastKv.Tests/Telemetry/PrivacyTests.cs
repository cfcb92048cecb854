using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FastKv.Tests.Auth;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Telemetry;

public sealed class PrivacyTests(ServiceFixture fixture)
{
    [Fact]
    public async Task Nothing_of_a_user_is_in_traces_metrics_or_logs()
    {
        using var dataDirectory = new TemporaryDirectory();
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var redis = RedisServer.IsInstalled ? await RedisServer.StartAsync() : null;
        var port = Wait.FreePort();
        await using var service = await FastKvProcess.StartAsync(
            redis?.ConnectionString ?? fixture.Redis,
            [
                .. receiver.Settings,
                ("FastKv__DataDirectory", dataDirectory.Path),
                ("FastKv__Http__ManagementPort", $"{port}"),
                .. AllLogs,
            ]
        );
        var user = new Secrets();

        await UseAsync(service.Api, user);
        if (redis is not null)
        {
            // A key of another type, an error reply of Redis, and an outage.
            await redis.CliAsync("RPUSH", $"fastkv:data:{{{user.UserId}}}:{user.Key}", user.Value);
            (await service.Api.RetrieveAsync(user.Token!, user.Key)).Expect(HttpStatusCode.NotFound);
            await redis.CliAsync("SET", $"fastkv:keys:{{{user.UserId}}}", user.Value);
            (await service.Api.GetAsync("/api/data", user.Token)).Expect(HttpStatusCode.ServiceUnavailable);
            await UseAccountAsync(service.Api, user);
            await redis.KillAsync();
            await UseAsync(service.Api, user);
            await UseAccountAsync(service.Api, user);
        }

        await ExpectNothingOfAsync(user.All, service, receiver, port);
    }

    /// <summary>Hosted services disable commands, and Redis then repeats the beginning of what it was sent: keys and values.</summary>
    [Fact]
    public async Task Nothing_that_an_error_of_Redis_names_is_in_traces_metrics_or_logs()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "This test needs a redis-server of its own; none is installed.");
        string[] commands = ["SET", "SETNX", "GET", "MGET", "DEL", "UNLINK", "EVAL", "EVALSHA", "HGETALL", "HGET"];
        await using var redis = await RedisServer.StartAsync([
            .. commands.SelectMany(command => (string[])["--rename-command", command, ""]),
        ]);
        await using var receiver = await OtlpReceiver.StartAsync();
        var user = new Secrets();
        user.UserId = user.Value + "-id";
        user.Token = Jwt.Of(user.UserId).Signed();
        var port = Wait.FreePort();
        await using var service = await FastKvProcess.StartAsync(
            redis.ConnectionString,
            [.. receiver.Settings, ("FastKv__Http__ManagementPort", $"{port}"), .. AllLogs]
        );

        await UseAsync(service.Api, user);
        await UseAccountAsync(service.Api, user);

        var reply = await service.Api.StoreAsync(user.Token, user.Key, user.Value);
        Assert.True((int)reply.Status >= 500, reply.Text);
        Assert.Contains(user.Key, await redis.CliAsync("set", user.Key, "v"), StringComparison.Ordinal);
        await ExpectNothingOfAsync(user.All, service, receiver, port);
    }

    [Theory]
    [InlineData("redis://{0}:{1}@127.0.0.1:{2}/0")]
    [InlineData("redis://{1}@127.0.0.1:{2}")]
    [InlineData("rediss://{0}:{1}@127.0.0.1:{2}?sslHost=localhost")]
    [InlineData("127.0.0.1:{2},user={0},password={1}")]
    [InlineData("127.0.0.1:{2},password=x={1},ssl=true,sslHost=localhost")]
    [InlineData("127.0.0.1:{2},serviceName=kv,sentinelUser={0},sentinelPassword={1}")]
    public async Task Nothing_of_the_connection_string_but_host_and_port_is_in_traces_metrics_or_logs(string format)
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "This test needs a redis-server of its own; none is installed.");
        await using var redis = await RedisServer.StartAsync("--requirepass", "other");
        await using var receiver = await OtlpReceiver.StartAsync();
        var (user, password) = (ApiClient.NewName("login"), ApiClient.NewName("secret"));
        var port = Wait.FreePort();
        await using var service = FastKvProcess.Launch(
            string.Format(CultureInfo.InvariantCulture, format, user, password, redis.Port),
            [.. receiver.Settings, ("FastKv__Http__ManagementPort", $"{port}"), .. AllLogs]
        );
        await Wait.UntilAsync("the service is live", service.Api.IsLiveAsync);
        await Wait.UntilAsync(
            "the outage is told",
            () => Task.FromResult(service.Log.Contains("can't be used", StringComparison.Ordinal))
        );

        var anybody = new Secrets { Token = Jwt.Of("somebody").Signed() };
        await UseAsync(service.Api, anybody);

        await ExpectNothingOfAsync([("user", user), ("password", password)], service, receiver, port);
    }

    /// <summary>As much as can be asked for, of all logs and of each.</summary>
    private static readonly (string, string?)[] AllLogs =
    [
        ("Logging__LogLevel__Default", "Trace"),
        ("Logging__Console__LogLevel__Default", "Trace"),
        ("Logging__OpenTelemetry__LogLevel__Default", "Trace"),
    ];

    /// <summary>Ends the service and searches all that it told.</summary>
    private static async Task ExpectNothingOfAsync(
        IEnumerable<(string What, string Secret)> secrets,
        FastKvProcess service,
        OtlpReceiver receiver,
        int managementPort
    )
    {
        using var management = new ApiClient(new Uri($"http://127.0.0.1:{managementPort}"));
        var scraped = (await management.GetAsync("/metrics")).Expect(HttpStatusCode.OK);
        await service.TerminateAsync();
        Assert.NotEmpty(receiver.Spans);
        Assert.NotEmpty(receiver.Metrics);
        Assert.NotEmpty(receiver.Logs);
        string[] everything = [.. receiver.Bodies.Append(scraped.Body).Select(Encoding.UTF8.GetString), service.Log];

        // What ends sessions and accounts is told with the user_id, as docs/security.md says, and nothing else is.
        string[] butSecurityEvents =
        [
            .. receiver
                .BodiesOf("traces")
                .Concat(receiver.BodiesOf("metrics"))
                .Append(scraped.Body)
                .Select(Encoding.UTF8.GetString),
            .. receiver
                .Logs.Where(line => !line.Text.Contains(": user_id=", StringComparison.Ordinal))
                .Select(line => $"{line}"),
            .. service.Log.Split('\n').Where(line => !line.Contains("\"FastKv.Security\"", StringComparison.Ordinal)),
        ];
        foreach (var (what, secret) in secrets)
        {
            Assert.False(
                (what == "user id" ? butSecurityEvents : everything).Any(text =>
                    text.Contains(secret, StringComparison.OrdinalIgnoreCase)
                ),
                $"The {what} is in what the service tells of itself."
            );
        }
    }

    /// <summary>Every operation, with success where the store is there, and most ways to be refused.</summary>
    private static async Task UseAsync(ApiClient api, Secrets user)
    {
        var registration = ApiClient.Registration(user.Username);
        registration["email"] = user.Email;
        registration["password"] = user.Password;
        registration["full_name"] = user.FullName;
        var registered = await api.PostAsync("/api/register", registration);
        user.UserId ??= registered.Json["data"]?["user_id"]?.GetValue<string>();
        await api.PostAsync("/api/register", registration);
        await api.PostTextAsync(
            "/api/register",
            $$"""{"username":"{{user.Username}}","email":"{{user.Email}}","age":"{{user.Value}}" """
        );
        await api.PostAsync("/api/token", new JsonObject { ["username"] = user.Username, ["password"] = user.Value });
        var signedIn = await api.PostAsync(
            "/api/token",
            new JsonObject { ["username"] = user.Username, ["password"] = user.Password }
        );
        user.Token ??= signedIn.Json["data"]?["access_token"]?.GetValue<string>();

        foreach (var token in (string?[])[user.Token, user.Token + "x"])
        {
            await api.StoreAsync(token!, user.Key, user.Value);
            await api.StoreAsync(token!, user.Key, user.Value);
            await api.RetrieveAsync(token!, user.Key);
            await api.UpdateAsync(token!, user.Key, user.Value);
            (string, string) once = ("Idempotency-Key", user.IdempotencyKey);
            await api.UpdateAsync(
                token!,
                user.Key,
                $$"""{"value":"{{user.Value}}","expires_in":60}""",
                $"?upsert={user.Value}",
                ("If-Match", user.Value),
                once
            );
            await api.ModifyAsync(token!, user.Key, """{"increment":1}""", once);
            await api.ModifyAsync(token!, user.Key, """{"expires_in":60}""", once);
            await api.ModifyAsync(token!, user.Key, """{"expires_in":61}""", once);
            await api.GetAsync($"/api/data?prefix={user.Key}&cursor={user.Key}", token);
            await api.GetAsync($"/api/data?prefix={user.Key}", token);
            await api.ReadBatchAsync(token!, user.Key, user.Value);
            await api.WriteBatchAsync(token!, $$"""{"op":"upsert","key":"{{user.Key}}","value":"{{user.Value}}"}""");
            await api.WriteBatchAsync(token!, $$"""{"op":"store","key":"{{user.Key}}","value":"{{user.Value}}"}""");
            await api.WriteBatchAsync(token!, $$"""{"op":"{{user.Value}}","key":"{{user.Key}}"}""");
            await api.DeleteAsync(token!, user.Key);
            await api.DeleteAsync(token!, user.Key);
        }

        // Where keys and tokens do not belong: other paths, a query, headers.
        var paths = (string[])
            [
                $"/api/data/{user.Key}/x",
                $"/{user.Key}",
                $"/api/data/%zz{user.Key}",
                $"/docs/{user.Key}",
                $"/health/{user.Key}",
            ];
        foreach (var path in paths)
        {
            await api.SendAsync(
                HttpMethod.Get,
                $"{path}?access_token={user.Token}&key={user.Key}",
                user.Token,
                null,
                ("User-Agent", user.Value),
                ("Referer", $"http://localhost/{user.Key}"),
                ("Cookie", user.Value),
                ("X-Forwarded-For", user.Value),
                ("baggage", $"key={user.Key}")
            );
        }

        await api.SendAsync(new HttpMethod($"X{user.Key.ToUpperInvariant()}"), "/api/data");
    }

    /// <summary>The operations on the account, which is deleted then if the store is there.</summary>
    private static async Task UseAccountAsync(ApiClient api, Secrets user)
    {
        await api.SendAsync(HttpMethod.Post, "/api/token/renew", user.Token);
        await api.GetAsync("/api/account", user.Token);
        await api.ChangePasswordAsync(user.Token!, user.Value, user.NewPassword);
        await api.ChangePasswordAsync(user.Token!, user.Password, user.Value);
        await api.ChangePasswordAsync(user.Token!, user.Password, user.NewPassword);
        await api.SendAsync(HttpMethod.Delete, $"/api/token?all={user.Value}", user.Token);
        var again = await api.PostAsync(
            "/api/token",
            new JsonObject { ["username"] = user.Username, ["password"] = user.NewPassword }
        );
        var last = again.Json["data"]?["access_token"]?.GetValue<string>() ?? user.Token!;
        await api.DeleteAccountAsync(last, user.Value);
        await api.SendAsync(HttpMethod.Delete, "/api/token", last);
        await api.DeleteAccountAsync(last, user.NewPassword);
    }

    private sealed class Secrets
    {
        public string Username { get; } = ApiClient.NewName("name");

        public string Email { get; } = $"{ApiClient.NewName("mail")}@example.com";

        public string Password { get; } = ApiClient.NewName("password1");

        public string NewPassword { get; } = ApiClient.NewName("password2");

        public string FullName { get; } = ApiClient.NewName("full");

        public string Key { get; } = ApiClient.NewName("key");

        public string Value { get; } = ApiClient.NewName("value");

        public string IdempotencyKey { get; } = ApiClient.NewName("once");

        public string? UserId { get; set; }

        public string? Token { get; set; }

        public IEnumerable<(string What, string Secret)> All =>
            [
                ("username", Username),
                ("email", Email),
                ("password", Password),
                ("new password", NewPassword),
                ("full name", FullName),
                ("key", Key),
                ("value", Value),
                ("Idempotency-Key", IdempotencyKey),
                ("user id", UserId!),
                ("token", Token!),
                ("token's signature", Token!.Split('.')[2]),
            ];
    }
}
