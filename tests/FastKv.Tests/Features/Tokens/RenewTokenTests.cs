using System.Net;
using FastKv.Tests.Abuse;
using FastKv.Tests.Api;
using FastKv.Tests.Auth;
using FastKv.Tests.Harness;
using FastKv.Tests.Redis;
using Microsoft.IdentityModel.JsonWebTokens;
using Xunit;

namespace FastKv.Tests.Features.Tokens;

public sealed class RenewTokenTests(ServiceFixture fixture, ReachableStore store) : IClassFixture<ReachableStore>
{
    private readonly ApiClient api = store.Api;

    [Fact]
    public async Task A_token_is_renewed_within_its_session_and_lives_on()
    {
        var name = await api.RegisterAsync();
        var token = await api.SignInAsync(name);
        await api.StoreAsync(token, "k", "v");

        var reply = await api.SendAsync(HttpMethod.Post, "/api/token/renew", token);

        var renewed = reply.Expect(HttpStatusCode.OK).Json["data"]!["access_token"]!.GetValue<string>();
        reply.ExpectSuccess(
            HttpStatusCode.OK,
            $$$"""{"status":"success","message":"Access token renewed successfully.","data":{"access_token":"{{{renewed}}}","expires_in":3600}}"""
        );
        Assert.Equal("no-store", reply.Headers["Cache-Control"]);
        (await api.RetrieveAsync(renewed, "k")).Expect(HttpStatusCode.OK);
        (await api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK);
        var (first, second) = (new JsonWebToken(token), new JsonWebToken(renewed));
        foreach (var claim in new[] { "sub", "sid", "auth_time", "preferred_username" })
        {
            Assert.Equal(first.GetPayloadValue<string>(claim), second.GetPayloadValue<string>(claim));
        }

        Assert.Equal(name, second.GetPayloadValue<string>("preferred_username"));
        Assert.InRange(
            DateTimeOffset.FromUnixTimeSeconds(second.GetPayloadValue<long>("auth_time")),
            DateTimeOffset.UtcNow.AddMinutes(-1),
            DateTimeOffset.UtcNow.AddMinutes(1)
        );
        Assert.Contains(
            "\"auth_time\":1",
            System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(Padded(renewed))),
            StringComparison.Ordinal
        );

        await api.RenewAsync(renewed);
    }

    [Fact]
    public async Task Each_sign_in_is_a_session_of_its_own()
    {
        var name = await api.RegisterAsync();

        var ids = (await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => api.SignInAsync(name)))).Select(token =>
            new JsonWebToken(token).GetPayloadValue<string>("sid")
        );

        Assert.Equal(20, ids.Distinct().Count());
    }

    [Fact]
    public async Task Without_a_token_or_with_one_of_no_session_nothing_is_renewed()
    {
        var registered = (await api.PostAsync("/api/register", ApiClient.Registration())).Json["data"]!;
        var withoutSession = Jwt.Of(registered["user_id"]!.GetValue<string>()).Signed();
        (await api.StoreAsync(withoutSession, "k", "v")).Expect(HttpStatusCode.Created);

        var none = await api.SendAsync(HttpMethod.Post, "/api/token/renew");
        none.ExpectError("INVALID_TOKEN");
        Assert.Equal("Bearer", none.Headers["WWW-Authenticate"]);
        foreach (
            var (method, target) in new[]
            {
                (HttpMethod.Post, "/api/token/renew"),
                (HttpMethod.Delete, "/api/token"),
                (HttpMethod.Delete, "/api/token?all=true"),
                (HttpMethod.Get, "/api/account"),
                (HttpMethod.Put, "/api/account/password"),
                (HttpMethod.Post, "/api/account/delete"),
            }
        )
        {
            var reply = await api.SendAsync(
                method,
                target,
                withoutSession,
                method == HttpMethod.Get || method == HttpMethod.Delete ? null : ApiClient.Json("{}")
            );
            reply.ExpectError("INVALID_TOKEN");
            Assert.Equal("Bearer error=\"invalid_token\"", reply.Headers["WWW-Authenticate"]);
        }

        (await api.RetrieveAsync(withoutSession, "k")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task No_token_outlives_its_session_and_an_old_session_gets_no_new_one()
    {
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Token__SessionLifetimeSeconds", "60"),
            ("FastKv__Token__LifetimeSeconds", "3600"),
            ("FastKv__Token__SigningKeys__0", FastKvProcess.SigningKey)
        );
        var reply = await service.Api.PostAsync(
            "/api/token",
            new System.Text.Json.Nodes.JsonObject
            {
                ["username"] = await service.Api.RegisterAsync(),
                ["password"] = "secure_password123",
            }
        );

        var data = reply.Expect(HttpStatusCode.OK).Json["data"]!;
        Assert.InRange(data["expires_in"]!.GetValue<int>(), 50, 60);
        var token = new JsonWebToken(data["access_token"]!.GetValue<string>());
        var began = DateTimeOffset.FromUnixTimeSeconds(token.GetPayloadValue<long>("auth_time"));
        Assert.True(token.ValidTo <= began.UtcDateTime.AddSeconds(61));

        // A session that began 60 seconds ago, of a token that would be good for an hour.
        var old = SessionToken.Of(token, DateTimeOffset.UtcNow.AddSeconds(-61));
        (await service.Api.RetrieveAsync(old, "k")).ExpectError("KEY_NOT_FOUND");
        (await service.Api.SendAsync(HttpMethod.Post, "/api/token/renew", old)).ExpectError("INVALID_TOKEN");
    }

    private static string Padded(string token)
    {
        var payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
        return payload.PadRight((payload.Length + 3) / 4 * 4, '=');
    }
}
