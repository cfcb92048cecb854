using System.Security.Claims;
using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Auth;

/// <summary>The user whose token came with the request.</summary>
internal sealed class Caller(Session session, DateTimeOffset expires) : ClaimsPrincipal(IdentityOf(session.UserId))
{
    /// <summary>The opaque id under which this user's data are kept.</summary>
    public string UserId => Session.UserId;

    /// <summary>The session that the token is of. It may have ended.</summary>
    public Session Session { get; } = session;

    /// <summary>Where Redis keeps which of the user's sessions have ended. Made once for all requests with this token.</summary>
    public RedisKey EndedKey(RedisKeys keys) => endedKey ??= (byte[])keys.Ended(UserId)!;

    private byte[]? endedKey;

    /// <summary>When the token ends; from then on it opens nothing.</summary>
    public DateTimeOffset Expires { get; } = expires;

    private static ClaimsIdentity IdentityOf(string userId) => new([new Claim("sub", userId)], "Bearer");
}
