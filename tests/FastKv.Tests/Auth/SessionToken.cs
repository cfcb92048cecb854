using FastKv.Auth;
using Microsoft.IdentityModel.JsonWebTokens;

namespace FastKv.Tests.Auth;

/// <summary>Tokens of sessions that began when a test says so.</summary>
internal static class SessionToken
{
    /// <summary>A token, good for an hour, of another session of the same user.</summary>
    public static string Of(JsonWebToken token, DateTimeOffset beganAt)
    {
        var name = token.GetPayloadValue<string>("preferred_username");
        var session = Session.Begin(token.Subject, name, beganAt.ToUnixTimeMilliseconds());
        return Jwt.Of(token.Subject)
            .With(jwt =>
            {
                jwt.Payload["sid"] = session.Id;
                jwt.Payload["preferred_username"] = name;
                jwt.Payload["auth_time"] = beganAt.ToUnixTimeSeconds();
            })
            .Signed();
    }
}
