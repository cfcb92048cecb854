using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;

namespace FastKv.Tests.Auth;

/// <summary>A token made by hand: a good one, to be changed into a bad one.</summary>
internal sealed class Jwt
{
    public JsonObject Header { get; } = new() { ["alg"] = "HS256", ["typ"] = "JWT" };

    public JsonObject Payload { get; } = [];

    /// <summary>What the service would issue to this user, but for the key's id.</summary>
    public static Jwt Of(string userId)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var jwt = new Jwt();
        jwt.Payload["sub"] = userId;
        jwt.Payload["iss"] = "fastkv";
        jwt.Payload["aud"] = "fastkv";
        jwt.Payload["iat"] = now;
        jwt.Payload["nbf"] = now;
        jwt.Payload["exp"] = now + 3600;
        return jwt;
    }

    public Jwt With(Action<Jwt> change)
    {
        change(this);
        return this;
    }

    /// <summary>With a signature, HMAC-SHA-256 of the tests' key unless another is given.</summary>
    public string Signed(byte[]? key = null) => Signed(text => HMACSHA256.HashData(key ?? Key, text));

    public string Signed(Func<byte[], byte[]> sign) =>
        $"{Unsigned}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(Unsigned)))}";

    public string Unsigned => $"{Part(Header)}.{Part(Payload)}";

    public static byte[] Key { get; } = Convert.FromBase64String(FastKvProcess.SigningKey);

    private static string Part(JsonObject json) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
