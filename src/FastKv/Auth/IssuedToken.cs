using System.ComponentModel.DataAnnotations;

namespace FastKv.Auth;

/// <summary>A new token, as answers show it.</summary>
internal sealed class IssuedToken(string accessToken, int expiresIn)
{
    /// <summary>To send as `Authorization: Bearer …`.</summary>
    /// <example>&lt;TOKEN&gt;</example>
    public string AccessToken { get; } = accessToken;

    /// <summary>Seconds that the token is valid.</summary>
    /// <example>3600</example>
    [Range(1, TokenOptions.MaximumLifetimeSeconds)]
    public int ExpiresIn { get; } = expiresIn;
}
