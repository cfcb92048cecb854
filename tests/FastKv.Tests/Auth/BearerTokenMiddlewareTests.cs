using System.Net;
using System.Security.Cryptography;
using System.Text;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using FastKv.Tests.Redis;
using Xunit;

namespace FastKv.Tests.Auth;

/// <summary>Forged and broken tokens: one and the same answer for all.</summary>
public sealed class BearerTokenMiddlewareTests(ReachableStore store) : IClassFixture<ReachableStore>
{
    private const string Refusal =
        """{"status":"error","code":"INVALID_TOKEN","message":"Invalid access token provided."}""";

    private static readonly long Now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private static readonly Dictionary<string, Func<string, string>> Forgeries = new()
    {
        ["alg none without a signature"] = user => Jwt.Of(user).With(jwt => jwt.Header["alg"] = "none").Unsigned + ".",
        ["alg None with a signature"] = user => Jwt.Of(user).With(jwt => jwt.Header["alg"] = "None").Signed(),
        ["no alg"] = user => Jwt.Of(user).With(jwt => jwt.Header.Remove("alg")).Signed(),
        ["HS256 without a signature"] = user => Jwt.Of(user).Unsigned + ".",
        ["two parts"] = user => Jwt.Of(user).Unsigned,
        ["RS256 in the header, signed with the HMAC key"] = user =>
            Jwt.Of(user).With(jwt => jwt.Header["alg"] = "RS256").Signed(),
        ["RS256 with a key in the header"] = SignedWithRsa,
        ["HS512"] = user =>
            Jwt.Of(user).With(jwt => jwt.Header["alg"] = "HS512").Signed(text => HMACSHA512.HashData(Jwt.Key, text)),
        ["HS256 in the header, HS512 in the signature"] = user =>
            Jwt.Of(user).Signed(text => HMACSHA512.HashData(Jwt.Key, text)),
        ["another key"] = user => Jwt.Of(user).Signed(RandomNumberGenerator.GetBytes(32)),
        ["an empty key"] = user => Jwt.Of(user).Signed([]),
        ["the key in base64 as it is"] = user => Jwt.Of(user).Signed(Encoding.ASCII.GetBytes(FastKvProcess.SigningKey)),
        ["another key under a kid that is unknown"] = user =>
            Jwt.Of(user).With(jwt => jwt.Header["kid"] = "../../dev/null").Signed([0]),
        ["expired"] = user => Jwt.Of(user).With(jwt => jwt.Payload["exp"] = Now - 1).Signed(),
        ["expired long ago"] = user => Jwt.Of(user).With(jwt => jwt.Payload["exp"] = 0).Signed(),
        ["no end"] = user => Jwt.Of(user).With(jwt => jwt.Payload.Remove("exp")).Signed(),
        ["an end that is text"] = user => Jwt.Of(user).With(jwt => jwt.Payload["exp"] = "tomorrow").Signed(),
        ["not yet valid"] = user => Jwt.Of(user).With(jwt => jwt.Payload["nbf"] = Now + 600).Signed(),
        ["another audience"] = user => Jwt.Of(user).With(jwt => jwt.Payload["aud"] = "other").Signed(),
        ["no audience"] = user => Jwt.Of(user).With(jwt => jwt.Payload.Remove("aud")).Signed(),
        ["another issuer"] = user => Jwt.Of(user).With(jwt => jwt.Payload["iss"] = "Fastkv").Signed(),
        ["no issuer"] = user => Jwt.Of(user).With(jwt => jwt.Payload.Remove("iss")).Signed(),
        ["no subject"] = user => Jwt.Of(user).With(jwt => jwt.Payload.Remove("sub")).Signed(),
        ["an empty subject"] = _ => Jwt.Of("").Signed(),
        ["another type"] = user => Jwt.Of(user).With(jwt => jwt.Header["typ"] = "id+jwt").Signed(),
        ["truncated"] = user => Jwt.Of(user).Signed()[..^2],
        ["extended"] = user => Jwt.Of(user).Signed() + "AA",
        ["a changed payload"] = user => Jwt.Of(user).Unsigned + "." + Jwt.Of("other").Signed().Split('.')[2],
        ["a changed header"] = user =>
            Jwt.Of(user).With(jwt => jwt.Header["x"] = 1).Unsigned + "." + Jwt.Of(user).Signed().Split('.')[2],
        ["payload and header exchanged"] = user =>
            string.Join('.', Jwt.Of(user).Signed().Split('.') is [var h, var p, var s] ? [p, h, s] : []),
        ["quotes around it"] = user => $"\"{Jwt.Of(user).Signed()}\"",
        ["a comma and another"] = user => $"{Jwt.Of(user).Signed()}, Bearer {Jwt.Of(user).Signed()}",
        ["a space inside"] = user => Jwt.Of(user).Signed().Insert(20, " "),
        ["nothing"] = _ => "",
        ["dots"] = _ => "..",
        ["more dots"] = _ => "a.b.c.d.e",
        ["no base64"] = _ => "!.!.!",
        ["no JSON"] = _ => "bm8.bm8.bm8",
        ["JSON null"] = _ => "bnVsbA.bnVsbA.AA",
        ["5,000 characters"] = _ => new string('x', 5000),
        ["5,000 good characters"] = user =>
            Jwt.Of(user).With(jwt => jwt.Payload["padding"] = new string('x', 5000)).Signed(),
    };

    private readonly ApiClient api = store.Api;

    public static TheoryData<string> ForgeryNames => [.. Forgeries.Keys];

    [Theory]
    [MemberData(nameof(ForgeryNames))]
    public async Task A_forged_token_opens_nothing(string forgery)
    {
        var (userId, token) = await NewUserAsync();
        (await api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);
        var forged = Forgeries[forgery](userId);

        Reply[] replies =
        [
            await api.RetrieveAsync(forged, "k"),
            await api.StoreAsync(forged, "k2", "v"),
            await api.UpdateAsync(forged, "k", "w"),
            await api.DeleteAsync(forged, "k"),
        ];

        foreach (var reply in replies)
        {
            reply.ExpectError("INVALID_TOKEN");
            Assert.Equal(Refusal, reply.Text);
            Assert.Equal("Bearer error=\"invalid_token\"", reply.Headers["WWW-Authenticate"]);
        }

        (await api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_token_made_by_hand_as_the_service_makes_it_is_good()
    {
        // Otherwise the forgeries could be refused for another reason than the one they are for.
        var (userId, token) = await NewUserAsync();
        (await api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);

        (await api.RetrieveAsync(Jwt.Of(userId).Signed(), "k")).Expect(HttpStatusCode.OK);
        var severalAudiences = Jwt.Of(userId)
            .With(jwt => jwt.Payload["aud"] = new System.Text.Json.Nodes.JsonArray("a", "fastkv"));
        (await api.RetrieveAsync(severalAudiences.Signed(), "k")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_token_that_was_good_is_refused_from_its_end_on()
    {
        var (userId, _) = await NewUserAsync();
        var token = Jwt.Of(userId)
            .With(jwt => jwt.Payload["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 5)
            .Signed();

        (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
        await Wait.UntilAsync(
            "the token has ended",
            async () => (await api.RetrieveAsync(token, "k")).Status == HttpStatusCode.Unauthorized
        );
        (await api.RetrieveAsync(token, "k")).ExpectError("INVALID_TOKEN");
    }

    [Fact]
    public async Task Without_a_token_no_error_is_named()
    {
        var reply = (await api.GetAsync("/api/data/k")).ExpectError("INVALID_TOKEN");

        Assert.Equal(Refusal, reply.Text);
        Assert.Equal("Bearer", reply.Headers["WWW-Authenticate"]);
    }

    [Theory]
    [InlineData("Basic {0}")]
    [InlineData("{0}")]
    [InlineData("Token {0}")]
    [InlineData("Bearer{0}")]
    [InlineData("Bearer: {0}")]
    [InlineData("Bearer")]
    [InlineData("Bearer Bearer {0}")]
    public async Task Another_scheme_is_refused(string header)
    {
        var (_, token) = await NewUserAsync();
        var value = header.Replace("{0}", token, StringComparison.Ordinal);

        var reply = await api.SendAsync(HttpMethod.Get, "/api/data/k", headers: ("Authorization", value));

        reply.ExpectError("INVALID_TOKEN");
        Assert.Equal("Bearer error=\"invalid_token\"", reply.Headers["WWW-Authenticate"]);
    }

    [Theory]
    [InlineData("Bearer {0}")]
    [InlineData("bearer {0}")]
    [InlineData("BEARER {0}")]
    [InlineData("Bearer   {0}")]
    public async Task The_scheme_is_known_in_any_case(string header)
    {
        var (_, token) = await NewUserAsync();
        var value = header.Replace("{0}", token, StringComparison.Ordinal);

        (await api.SendAsync(HttpMethod.Get, "/api/data/k", headers: ("Authorization", value))).ExpectError(
            "KEY_NOT_FOUND"
        );
    }

    [Fact]
    public async Task Two_tokens_are_refused_even_if_both_are_good()
    {
        var (_, token) = await NewUserAsync();

        var reply = await api.SendAsync(
            HttpMethod.Get,
            "/api/data/k",
            token,
            headers: ("Authorization", $"Bearer {token}")
        );
        reply.ExpectError("INVALID_TOKEN");

        var raw = await Server.RawHttp.ExchangeAsync(
            api.Address,
            $"GET /api/data/k HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        raw.ExpectError("INVALID_TOKEN");
    }

    [Fact]
    public async Task A_token_in_the_query_is_none()
    {
        var (_, token) = await NewUserAsync();

        (await api.GetAsync($"/api/data/k?access_token={token}")).ExpectError("INVALID_TOKEN");
    }

    [Fact]
    public async Task The_operations_on_users_need_no_token_and_do_not_look_at_one()
    {
        (await api.PostAsync("/api/register", ApiClient.Registration(), "bad")).Expect(HttpStatusCode.Created);
        var name = await api.RegisterAsync();
        (
            await api.PostTextAsync(
                "/api/token",
                $$"""{"username":"{{name}}","password":"secure_password123"}""",
                "bad"
            )
        ).Expect(HttpStatusCode.OK);
    }

    private static string SignedWithRsa(string user)
    {
        using var rsa = RSA.Create(2048);
        var key = rsa.ExportParameters(false);
        return Jwt.Of(user)
            .With(jwt =>
            {
                jwt.Header["alg"] = "RS256";
                jwt.Header["jwk"] = new System.Text.Json.Nodes.JsonObject
                {
                    ["kty"] = "RSA",
                    ["n"] = System.Buffers.Text.Base64Url.EncodeToString(key.Modulus),
                    ["e"] = System.Buffers.Text.Base64Url.EncodeToString(key.Exponent),
                };
            })
            .Signed(text => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private async Task<(string UserId, string Token)> NewUserAsync()
    {
        var registration = ApiClient.Registration();
        var reply = (await api.PostAsync("/api/register", registration)).Expect(HttpStatusCode.Created);
        return (
            reply.Json["data"]!["user_id"]!.GetValue<string>(),
            await api.SignInAsync(registration["username"]!.GetValue<string>())
        );
    }
}
