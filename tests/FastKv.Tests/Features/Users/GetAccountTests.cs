using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Users;

public sealed class GetAccountTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task It_shows_what_was_registered_and_how_many_keys_there_are()
    {
        var before = DateTimeOffset.UtcNow.AddMinutes(-1);
        var registration = ApiClient.Registration("Name." + Guid.NewGuid().ToString("N"));
        registration["full_name"] = "  Zoë \"Z\" Doe ";
        var user = (await api.PostAsync("/api/register", registration)).Expect(HttpStatusCode.Created).Json["data"]!;
        var name = user["username"]!.GetValue<string>();
        var token = await api.SignInAsync(name.ToLowerInvariant());
        await api.StoreAsync(token, "a", "1");
        await api.StoreAsync(token, "b", "2");
        await api.PostTextAsync("/api/data", """{"key":"c","value":"3","expires_in":1}""", token);
        await Wait.UntilAsync(
            "c has expired",
            async () => (await api.RetrieveAsync(token, "c")).Code == "KEY_NOT_FOUND"
        );

        var reply = await api.GetAsync("/api/account", token);

        var created = reply.Expect(HttpStatusCode.OK).Json["data"]!["created_at"]!.GetValue<string>();
        reply.ExpectSuccess(
            HttpStatusCode.OK,
            $$$"""{"status":"success","data":{"user_id":"{{{user["user_id"]!.GetValue<string>()}}}","username":"{{{name}}}","email":"{{{name}}}@example.com","full_name":"Zoë \"Z\" Doe","age":30,"gender":"male","created_at":"{{{created}}}","keys":2}}"""
        );
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", created);
        Assert.InRange(DateTimeOffset.Parse(created, null), before, before.AddMinutes(5));
        Assert.Equal("no-store", reply.Headers["Cache-Control"]);
    }

    [Fact]
    public async Task Without_a_token_nothing_is_shown()
    {
        (await api.GetAsync("/api/account")).ExpectError("INVALID_TOKEN");
        (await api.SendAsync(HttpMethod.Post, "/api/account")).ExpectError("METHOD_NOT_ALLOWED");
    }
}
