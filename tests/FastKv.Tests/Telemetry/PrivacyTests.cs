using System.Net;
using System.Text;
using System.Text.Json.Nodes;
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
                // As much as can be asked for, of all logs and of each.
                ("Logging__LogLevel__Default", "Trace"),
                ("Logging__Console__LogLevel__Default", "Trace"),
                ("Logging__OpenTelemetry__LogLevel__Default", "Trace"),
            ]
        );
        var user = new Secrets();

        await UseAsync(service.Api, user);
        if (redis is not null)
        {
            // An error reply of Redis, and an outage.
            await redis.CliAsync("RPUSH", $"fastkv:data:{{{user.UserId}}}:{user.Key}", user.Value);
            (await service.Api.RetrieveAsync(user.Token!, user.Key)).Expect(HttpStatusCode.ServiceUnavailable);
            await redis.KillAsync();
            await UseAsync(service.Api, user);
        }

        using var management = new ApiClient(new Uri($"http://127.0.0.1:{port}"));
        var scraped = (await management.GetAsync("/metrics")).Expect(HttpStatusCode.OK);
        await service.TerminateAsync();
        Assert.NotEmpty(receiver.Spans);
        Assert.NotEmpty(receiver.Metrics);
        Assert.NotEmpty(receiver.Logs);
        var everything = receiver.Bodies.Append(scraped.Body).Append(Encoding.UTF8.GetBytes(service.Log)).ToList();
        foreach (var (what, secret) in user.All)
        {
            Assert.False(
                everything.Any(bytes =>
                    Encoding.UTF8.GetString(bytes).Contains(secret, StringComparison.OrdinalIgnoreCase)
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

    private sealed class Secrets
    {
        public string Username { get; } = ApiClient.NewName("name");

        public string Email { get; } = $"{ApiClient.NewName("mail")}@example.com";

        public string Password { get; } = ApiClient.NewName("password1");

        public string FullName { get; } = ApiClient.NewName("full");

        public string Key { get; } = ApiClient.NewName("key");

        public string Value { get; } = ApiClient.NewName("value");

        public string? UserId { get; set; }

        public string? Token { get; set; }

        public IEnumerable<(string What, string Secret)> All =>
            [
                ("username", Username),
                ("email", Email),
                ("password", Password),
                ("full name", FullName),
                ("key", Key),
                ("value", Value),
                ("user id", UserId!),
                ("token", Token!),
                ("token's signature", Token!.Split('.')[2]),
            ];
    }
}
