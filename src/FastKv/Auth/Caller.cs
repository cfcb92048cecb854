using System.Security.Claims;

namespace FastKv.Auth;

/// <summary>The user whose token came with the request.</summary>
internal sealed class Caller(string userId, DateTimeOffset expires) : ClaimsPrincipal(IdentityOf(userId))
{
    /// <summary>The opaque id under which this user's data are kept.</summary>
    public string UserId { get; } = userId;

    /// <summary>When the token ends; from then on it opens nothing.</summary>
    public DateTimeOffset Expires { get; } = expires;

    private static ClaimsIdentity IdentityOf(string userId) => new([new Claim("sub", userId)], "Bearer");
}
