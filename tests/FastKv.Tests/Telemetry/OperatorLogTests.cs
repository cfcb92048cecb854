using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using Microsoft.IdentityModel.JsonWebTokens;
using Xunit;

namespace FastKv.Tests.Telemetry;

/// <summary>Lines that are there for operators: security events, the access log, and levels that change while the service runs.</summary>
public sealed class OperatorLogTests(ServiceFixture fixture)
{
    private const string Security = "FastKv.Security";
    private const string AccessLog = "FastKv.AccessLog";

    [Fact]
    public async Task Security_events_are_lines_of_their_own_category_without_names()
    {
        using var data = new TemporaryDirectory();
        await using var service = await FastKvProcess.StartAsync(
            fixture.Redis,
            ("FastKv__DataDirectory", data.Path),
            ("FastKv__Limits__FailedLoginsPerUsername", "2")
        );
        var api = service.Api;
        var name = await api.RegisterAsync();
        await api.SignOutAsync(await api.SignInAsync(name));
        await api.SignOutAsync(await api.SignInAsync(name), all: true);
        var token = await api.SignInAsync(name);
        var changed = (await api.ChangePasswordAsync(token, "secure_password123", "another_password456")).Expect(
            HttpStatusCode.OK
        );
        (
            await api.DeleteAccountAsync(
                changed.Json["data"]!["access_token"]!.GetValue<string>(),
                "another_password456"
            )
        ).Expect(HttpStatusCode.OK);
        var guessed = ApiClient.NewName();
        for (var i = 0; i < 4; i++)
        {
            await api.PostAsync(
                "/api/token",
                new JsonObject { ["username"] = guessed, ["password"] = "guessed_password1" }
            );
        }

        Assert.Equal(0, await service.TerminateAsync());
        var userId = new JsonWebToken(token).Subject;
        Assert.Equal(
            [
                $"A user signed out: user_id={userId} sessions=one.",
                $"A user signed out: user_id={userId} sessions=all.",
                $"A password was changed, and all sessions of the user have ended: user_id={userId}.",
                $"An account was deleted, and all its sessions have ended: user_id={userId}.",
                "Failed sign-ins have reached the limit of one username; further ones are refused for 900 s.",
            ],
            Messages(service, Security)
        );
        Assert.DoesNotContain(name, service.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(guessed, service.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_access_log_has_each_request_and_no_key()
    {
        using var data = new TemporaryDirectory();
        await using var service = await FastKvProcess.StartAsync(
            fixture.Redis,
            ("FastKv__DataDirectory", data.Path),
            ("FastKv__Http__AccessLog", "true")
        );
        var token = await service.Api.NewUserTokenAsync();
        (await service.Api.StoreAsync(token, "my-secret-key", "v")).Expect(HttpStatusCode.Created);
        var answer = (await service.Api.RetrieveAsync(token, "my-secret-key")).Expect(HttpStatusCode.OK);
        await service.Api.GetAsync("/not/my-secret-key");

        Assert.Equal(0, await service.TerminateAsync());
        var lines = Messages(service, AccessLog);
        Assert.Collection(
            lines,
            line => Assert.Matches(@"^POST /api/register 201 \d+\.\d{3} ms \d+ B$", line),
            line => Assert.Matches(@"^POST /api/token 200 \d+\.\d{3} ms \d+ B$", line),
            line => Assert.Matches(@"^POST /api/data 201 \d+\.\d{3} ms \d+ B$", line),
            line => Assert.Matches($@"^GET /api/data/{{key}} 200 \d+\.\d{{3}} ms {answer.Body.Length} B$", line),
            line => Assert.Matches(@"^GET - 404 \d+\.\d{3} ms \d+ B$", line)
        );
        Assert.DoesNotContain("my-secret-key", service.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Levels_change_with_their_file_while_the_service_runs()
    {
        using var data = new TemporaryDirectory();
        var file = Path.Combine(data.Path, "levels.json");
        await File.WriteAllTextAsync(file, """{"Default": "Information"}""", TestContext.Current.CancellationToken);
        await using var service = await FastKvProcess.StartAsync(
            fixture.Redis,
            ("FastKv__DataDirectory", Path.Combine(data.Path, "store")),
            ("FastKv__LogLevelsFile", file)
        );
        await service.Api.GetAsync("/");
        Assert.Empty(Messages(service, AccessLog));

        await File.WriteAllTextAsync(
            file,
            """{"FastKv.AccessLog": "Information"}""",
            TestContext.Current.CancellationToken
        );
        await UntilAsync(service, () => Messages(service, AccessLog).Count > 0);

        await File.WriteAllTextAsync(file, """{"FastKv.AccessLog": "Loud"}""", TestContext.Current.CancellationToken);
        await UntilAsync(service, () => Messages(service, "FastKv.Configuration.LogLevels").Count > 0);
        var before = Messages(service, AccessLog).Count;
        await UntilAsync(service, () => Messages(service, AccessLog).Count > before);

        await File.WriteAllTextAsync(file, """{"FastKv.AccessLog": "None"}""", TestContext.Current.CancellationToken);
        var seen = -1;
        await Wait.UntilAsync(
            "no request is logged any more",
            async () =>
            {
                var logged = seen;
                await service.Api.GetAsync("/");
                await service.Api.GetAsync("/");
                seen = Messages(service, AccessLog).Count;
                return logged == seen;
            }
        );
        Assert.Single(Messages(service, "FastKv.Configuration.LogLevels"));
    }

    private static Task UntilAsync(FastKvProcess service, Func<bool> condition) =>
        Wait.UntilAsync(
            "the new levels are in force",
            async () =>
            {
                await service.Api.GetAsync("/");
                return condition();
            }
        );

    private static List<string> Messages(FastKvProcess service, string category) =>
        [
            .. service
                .Log.Split('\n')
                .Where(line => line.Contains($"\"Category\":\"{category}\"", StringComparison.Ordinal))
                .Select(line => JsonNode.Parse(line)!["Message"]!.GetValue<string>()),
        ];
}
