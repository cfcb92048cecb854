using System.Net;
using System.Security.Cryptography;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using FastKv.Tests.Redis;
using Microsoft.IdentityModel.JsonWebTokens;
using Xunit;

namespace FastKv.Tests.Auth;

public sealed class TokenOptionsTests(ReachableStore store) : IClassFixture<ReachableStore>
{
    [Fact]
    public async Task Keys_are_rotated_without_an_outage()
    {
        var newKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
        await using var both = await FastKvProcess.StartAsync(
            store.ConnectionString,
            ("FastKv__Token__SigningKeys__0", newKey),
            ("FastKv__Token__SigningKeys__1", FastKvProcess.SigningKey),
            ("FastKv__Token__LifetimeSeconds", "60")
        );
        await using var onlyNew = await FastKvProcess.StartAsync(
            store.ConnectionString,
            ("FastKv__Token__SigningKeys__0", newKey)
        );
        var name = await store.Api.RegisterAsync();
        var ofOldKey = await store.Api.SignInAsync(name);
        var ofNewKey = await both.Api.SignInAsync(name);

        Assert.NotEqual(new JsonWebToken(ofOldKey).Kid, new JsonWebToken(ofNewKey).Kid);
        Assert.Equal(new JsonWebToken(ofNewKey).Kid, new JsonWebToken(await onlyNew.Api.SignInAsync(name)).Kid);
        (await both.Api.StoreAsync(ofOldKey, "k", "v")).Expect(HttpStatusCode.Created);
        (await both.Api.RetrieveAsync(ofNewKey, "k")).Expect(HttpStatusCode.OK);
        (await onlyNew.Api.RetrieveAsync(ofNewKey, "k")).Expect(HttpStatusCode.OK);
        (await onlyNew.Api.RetrieveAsync(ofOldKey, "k")).ExpectError("INVALID_TOKEN");
        (await store.Api.RetrieveAsync(ofNewKey, "k")).ExpectError("INVALID_TOKEN");
        var jwt = new JsonWebToken(ofNewKey);
        Assert.Equal(60, (jwt.ValidTo - jwt.ValidFrom).TotalSeconds);
    }

    [Fact]
    public async Task Another_algorithm_is_refused_even_if_the_key_is_long_enough_for_it()
    {
        var key = RandomNumberGenerator.GetBytes(64);
        await using var service = await FastKvProcess.StartAsync(
            store.ConnectionString,
            ("FastKv__Token__SigningKeys__0", Convert.ToBase64String(key))
        );

        (await service.Api.RetrieveAsync(Jwt.Of("user").Signed(key), "k")).ExpectError("KEY_NOT_FOUND");
        (await service.Api.RetrieveAsync(Other("HS384", HMACSHA384.HashData), "k")).ExpectError("INVALID_TOKEN");
        (await service.Api.RetrieveAsync(Other("HS512", HMACSHA512.HashData), "k")).ExpectError("INVALID_TOKEN");

        string Other(string algorithm, Func<byte[], byte[], byte[]> hash) =>
            Jwt.Of("user").With(jwt => jwt.Header["alg"] = algorithm).Signed(text => hash(key, text));
    }

    [Fact]
    public async Task Another_issuer_and_audience_are_another_service()
    {
        await using var other = await FastKvProcess.StartAsync(
            store.ConnectionString,
            ("FastKv__Token__Issuer", "https://issuer.example"),
            ("FastKv__Token__Audience", "other"),
            ("FastKv__Token__LifetimeSeconds", "60")
        );
        var name = await store.Api.RegisterAsync();
        var reply = await other.Api.PostTextAsync(
            "/api/token",
            $$"""{"username":"{{name}}","password":"secure_password123"}"""
        );
        var token = reply.Json["data"]!["access_token"]!.GetValue<string>();

        Assert.Equal("60", reply.Json["data"]!["expires_in"]!.ToJsonString());
        (await other.Api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
        (await store.Api.RetrieveAsync(token, "k")).ExpectError("INVALID_TOKEN");
        (await other.Api.RetrieveAsync(await store.Api.SignInAsync(name), "k")).ExpectError("INVALID_TOKEN");
    }

    [Theory]
    [InlineData("SigningKeys__0", null, "FastKv__Token__SigningKeys__0")]
    [InlineData("SigningKeys__0", "no base64!", "FastKv__Token__SigningKeys__0")]
    [InlineData("SigningKeys__1", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", "FastKv__Token__SigningKeys__1")]
    [InlineData("LifetimeSeconds", "0", "FastKv__Token__LifetimeSeconds")]
    [InlineData("LifetimeSeconds", "an hour", "FastKv__Token")]
    [InlineData("Issuer", " ", "FastKv__Token__Issuer")]
    public async Task A_wrong_setting_stops_the_start_with_one_sentence_that_says_what_to_set(
        string setting,
        string? value,
        string named
    )
    {
        await using var service = FastKvProcess.Launch("127.0.0.1:1", ($"FastKv__Token__{setting}", value));

        Assert.Equal(1, await service.ExitCodeAsync());
        Assert.Contains(named, service.Log, StringComparison.Ordinal);
        Assert.Single(service.Log.Split('\n'));
        Assert.EndsWith(".", service.Log, StringComparison.Ordinal);
    }
}
