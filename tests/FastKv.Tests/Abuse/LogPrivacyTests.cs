using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Abuse;

public sealed class LogPrivacyTests
{
    // Each is part of one thing that must not be in a log.
    private const string Username = "loguser";
    private const string Password = "logpassword1";
    private const string Email = "logemail";
    private const string FullName = "logfullname";
    private const string Gender = "loggender";
    private const string Key = "logkey";
    private const string Value = "logvalue";
    private const string Forged = "logforgedtoken";
    private const string Idempotency = "logidempotency";

    [Theory]
    [InlineData("Information")]
    [InlineData("Debug")]
    public async Task Nothing_personal_gets_into_the_log(string level)
    {
        using var directory = new TemporaryDirectory();
        var redis = RedisServer.IsInstalled ? await RedisServer.StartAsync() : null;
        await using var service = await FastKvProcess.StartAsync(
            redis?.ConnectionString,
            ("FastKv__DataDirectory", directory.Path),
            ("FastKv__Limits__FailedLoginsPerUsername", "2"),
            ("Logging__LogLevel__Default", level),
            ("Logging__LogLevel__Microsoft", level),
            ("Logging__LogLevel__Microsoft.AspNetCore", level)
        );
        var token = await UseEverythingAsync(service);
        if (redis is not null)
        {
            await redis.DisposeAsync();
            var refused = await service.Api.StoreAsync(token, Key, Value);
            Assert.True(
                refused.Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout,
                refused.Text
            );
            await service.Api.RetrieveAsync(token, Key);
            await service.Api.GetAsync($"/api/data?prefix={Key}", token);
            await service.Api.ReadBatchAsync(token, Key);
            await service.Api.ModifyAsync(token, Key, """{"increment":1}""", ("Idempotency-Key", Idempotency));
            await RegisterAsync(service, Username + "2", Email + "2");
        }

        Assert.Equal(0, await service.TerminateAsync());

        Assert.NotEmpty(service.Log);
        var secrets = new[] { Username, Password, Email, FullName, Gender, Key, Value, Forged, Idempotency, token };
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, service.Log, StringComparison.OrdinalIgnoreCase));
    }

    private static Task<Reply> RegisterAsync(FastKvProcess service, string username, string email)
    {
        var body = new JsonObject
        {
            ["username"] = username,
            ["email"] = $"{email}@example.com",
            ["password"] = Password,
            ["full_name"] = FullName,
            ["age"] = 30,
            ["gender"] = Gender,
        };
        return service.Api.PostAsync("/api/register", body);
    }

    private static async Task<string> UseEverythingAsync(FastKvProcess service)
    {
        var api = service.Api;
        (await RegisterAsync(service, Username, Email)).Expect(HttpStatusCode.Created);
        (await RegisterAsync(service, Username, Email)).Expect(HttpStatusCode.Conflict);
        var token = await api.SignInAsync(Username, Password);
        (await api.StoreAsync(token, Key, Value)).Expect(HttpStatusCode.Created);
        (await api.StoreAsync(token, Key, Value)).Expect(HttpStatusCode.Conflict);
        (await api.RetrieveAsync(token, Key)).Expect(HttpStatusCode.OK);
        (await api.UpdateAsync(token, Key, Value)).Expect(HttpStatusCode.OK);
        (string, string) once = ("Idempotency-Key", Idempotency);
        (await api.GetAsync($"/api/data?prefix={Key}", token)).Expect(HttpStatusCode.OK);
        (await api.GetAsync($"/api/data?prefix={Key}&cursor={Key}!", token)).Expect(HttpStatusCode.BadRequest);
        (await api.SendAsync(HttpMethod.Get, $"/api/data/{Key}", token, null, ("If-Match", Value))).Expect(
            HttpStatusCode.BadRequest
        );
        (await api.ModifyAsync(token, Key, """{"increment":1}""", once)).Expect(HttpStatusCode.Conflict);
        (await api.ModifyAsync(token, Key, """{"expires_in":1000}""", once)).Expect(HttpStatusCode.OK);
        (await api.ModifyAsync(token, Key, """{"expires_in":1001}""", once)).Expect(HttpStatusCode.UnprocessableEntity);
        (await api.ReadBatchAsync(token, Key, $"{Key}2")).Expect(HttpStatusCode.OK);
        (await api.WriteBatchAsync(token, $$"""{"op":"store","key":"{{Key}}","value":"{{Value}}"}""")).Expect(
            HttpStatusCode.Conflict
        );
        (await api.WriteBatchAsync(token, $$"""{"op":"{{Value}}","key":"{{Key}}"}""")).Expect(
            HttpStatusCode.BadRequest
        );
        (await api.DeleteAsync(token, Key)).Expect(HttpStatusCode.OK);
        (await api.RetrieveAsync(Forged, Key)).Expect(HttpStatusCode.Unauthorized);
        (await api.RetrieveAsync(token[..^1], Key)).Expect(HttpStatusCode.Unauthorized);
        (await api.GetAsync($"/{Key}?{Value}={Password}", token)).Expect(HttpStatusCode.NotFound);
        (await api.GetAsync($"/api/data/{Key}%00", token)).Expect(HttpStatusCode.BadRequest);
        (await api.PostTextAsync("/api/data", $$"""{"key":"{{Key}}","value":{{Value}}""", token)).Expect(
            HttpStatusCode.BadRequest
        );
        (await api.PostTextAsync("/api/register", $$"""{"password":"{{Password}}""")).Expect(HttpStatusCode.BadRequest);
        for (var i = 0; i < 4; i++)
        {
            await api.PostAsync(
                "/api/token",
                new JsonObject { ["username"] = Username, ["password"] = $"{Password}-{i}" }
            );
        }

        await SendBrokenAsync(service, $"GET /{Key}\0 HTTP/1.1\r\nHost: x\r\n\r\n");
        await SendBrokenAsync(service, $"GET /{Key} HTTP/1.1\r\nHost: x\r\n{Forged}\r\n\r\n");
        await SendBrokenAsync(service, $"GET /{Key} HTTP/9.{Value}\r\nHost: {Forged} {Email}\r\n\r\n");
        var body = Encoding.ASCII.GetByteCount(Value);
        await SendBrokenAsync(
            service,
            $"POST /api/data HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
                + $"Transfer-Encoding: chunked\r\n\r\n{body:x}\r\n{Value}{Value}\r\n"
        );
        return token;
    }

    private static async Task SendBrokenAsync(FastKvProcess service, string request)
    {
        using var connection = await RawConnection.OpenAsync(service.Address);
        await connection.SendAsync(request);
        Assert.InRange((await connection.ReadAsync())!.Status, 400, 499);
    }
}
