using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Microsoft.IdentityModel.JsonWebTokens;
using Xunit;

namespace FastKv.Tests.Features.Tokens;

public sealed class GenerateTokenTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task A_registered_user_gets_a_token_that_no_cache_keeps()
    {
        var registered = await api.PostAsync("/api/register", ApiClient.Registration());
        var user = registered.Json["data"]!;

        var reply = await SignInAsync(user["username"]!.GetValue<string>(), "secure_password123");

        var token = reply.Expect(HttpStatusCode.OK).Json["data"]!["access_token"]!.GetValue<string>();
        reply.ExpectSuccess(
            HttpStatusCode.OK,
            $$$"""{"status":"success","message":"Access token generated successfully.","data":{"access_token":"{{{token}}}","expires_in":3600}}"""
        );
        Assert.Equal("no-store", reply.Headers["Cache-Control"]);
        var jwt = new JsonWebToken(token);
        Assert.Equal(("HS256", "JWT"), (jwt.Alg, jwt.Typ));
        Assert.NotEmpty(jwt.Kid);
        Assert.Equal(user["user_id"]!.GetValue<string>(), jwt.Subject);
        Assert.Equal(("fastkv", "fastkv"), (jwt.Issuer, Assert.Single(jwt.Audiences)));
        Assert.InRange(jwt.IssuedAt, DateTime.UtcNow.AddMinutes(-1), DateTime.UtcNow);
        Assert.Equal(jwt.IssuedAt, jwt.ValidFrom);
        Assert.Equal(jwt.IssuedAt.AddSeconds(3600), jwt.ValidTo);
    }

    [Fact]
    public async Task The_name_of_a_user_is_known_in_any_case_and_the_password_only_in_its_own()
    {
        var name = await api.RegisterAsync();

        (await SignInAsync(name.ToUpperInvariant(), "secure_password123")).Expect(HttpStatusCode.OK);
        (await SignInAsync(name, "Secure_password123")).ExpectError("INVALID_CREDENTIALS");
    }

    [Theory]
    [InlineData("Cr\u00E8me br\u00FBl\u00E9e 1", "Cre\u0300me bru\u0302le\u0301e 1")]
    [InlineData("\u1112\u1161\u11ab\u1100\u1173\u11af pass 1", "\uD55C\uAE00 pass 1")]
    public async Task A_password_is_the_same_however_its_characters_are_composed(string one, string other)
    {
        foreach (var (typed, later) in new[] { (one, other), (other, one) })
        {
            var registration = ApiClient.Registration();
            registration["password"] = typed;
            var name = (await api.PostAsync("/api/register", registration)).Json["data"]![
                "username"
            ]!.GetValue<string>();

            (await SignInAsync(name, later)).Expect(HttpStatusCode.OK);
            (await SignInAsync(name, typed)).Expect(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task An_unknown_user_and_a_wrong_password_are_one_and_the_same_answer()
    {
        var name = await api.RegisterAsync();

        var wrong = (await SignInAsync(name, "secure_password1234")).ExpectError("INVALID_CREDENTIALS");
        var unknown = (await SignInAsync(ApiClient.NewName(), "secure_password123")).ExpectError("INVALID_CREDENTIALS");

        Assert.Equal(wrong.Body, unknown.Body);
        Assert.Equal(wrong.Headers.Keys.Order(), unknown.Headers.Keys.Order());
    }

    [Theory]
    [InlineData("{}", "username", "password")]
    [InlineData("""{"password":"p"}""", "username")]
    [InlineData("""{"username":"u"}""", "password")]
    [InlineData("""{"username":null,"password":null}""", "username", "password")]
    [InlineData("""{"username":"","password":"p"}""", "username")]
    [InlineData("""{"username":"u","password":""}""", "password")]
    [InlineData("""{"username":7,"password":"p"}""", "username")]
    [InlineData("""{"username":"u","password":["p"]}""", "password")]
    [InlineData("""{"username":{"a":"u"},"password":true}""", "username", "password")]
    [InlineData("""{"username":"\ud800","password":"p"}""", "username")]
    public async Task Missing_fields_are_named(string body, params string[] fields)
    {
        (await api.PostTextAsync("/api/token", body)).ExpectError("MISSING_FIELDS", fields);
    }

    [Theory]
    [InlineData(" ", " ")]
    [InlineData("*", "*")]
    [InlineData("no body\r\nGET x", "p")]
    [InlineData("\0", "\0")]
    [InlineData("ключ", "🔑")]
    public async Task Names_and_passwords_that_nobody_can_have_are_wrong_credentials(string username, string password)
    {
        (await SignInAsync(username, password)).ExpectError("INVALID_CREDENTIALS");
    }

    [Fact]
    public async Task A_very_long_password_is_a_wrong_one()
    {
        var name = await api.RegisterAsync();

        (await SignInAsync(name, new string('p', 60_000))).ExpectError("INVALID_CREDENTIALS");
        (await SignInAsync(new string('u', 60_000), "p")).ExpectError("INVALID_CREDENTIALS");
    }

    private Task<Reply> SignInAsync(string username, string password) =>
        api.PostAsync("/api/token", new JsonObject { ["username"] = username, ["password"] = password });
}
