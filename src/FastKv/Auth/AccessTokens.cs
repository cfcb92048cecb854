using BitFaster.Caching.Lru;
using FastKv.Telemetry;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace FastKv.Auth;

/// <summary>Issues and validates access tokens: JWT (RFC 7519), signed with HMAC-SHA-256.</summary>
internal sealed class AccessTokens
{
    /// <summary>How far the clock of a replica that issues may be ahead of one that validates. A token never outlives its end.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);

    private const string Scheme = "Bearer ";
    private const int MaximumHeaderLength = 4096;

    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly TokenOptions options;
    private readonly TimeProvider time;
    private readonly SigningCredentials credentials;
    private readonly TokenValidationParameters parameters;

    // Verifying a token costs 13 µs and 9 KB of garbage; remembering it costs a look-up. Only valid tokens get in, and each
    // is checked against its end at every request. They are known by the whole header, so that none is cut out of it.
    private readonly ConcurrentLru<string, Caller> validated;

    public AccessTokens(TokenOptions options, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        var keys = options.Keys();
        credentials = new SigningCredentials(keys[0], SecurityAlgorithms.HmacSha256);
        validated = new ConcurrentLru<string, Caller>(options.CacheSize);
        parameters = new TokenValidationParameters
        {
            ValidIssuer = options.Issuer,
            ValidAudience = options.Audience,
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            ValidTypes = ["JWT"],
            IssuerSigningKeys = keys,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            LifetimeValidator = IsAlive,
        };
    }

    /// <summary>A new token of a session; null if the session is so old that it has none.</summary>
    public IssuedToken? Issue(Session session)
    {
        var now = time.GetUtcNow();
        var left =
            DateTimeOffset.FromUnixTimeMilliseconds(session.BeganAt).AddSeconds(options.SessionLifetimeSeconds) - now;
        var lifetime = (int)Math.Min(options.LifetimeSeconds, Math.Floor(left.TotalSeconds));
        if (lifetime < 1)
        {
            return null;
        }

        var token = handler.CreateToken(
            new SecurityTokenDescriptor
            {
                Issuer = options.Issuer,
                Audience = options.Audience,
                Claims = new Dictionary<string, object>
                {
                    ["sub"] = session.UserId,
                    ["preferred_username"] = session.Username!,
                    ["sid"] = session.Id!,
                    ["auth_time"] = session.BeganAt / 1000,
                },
                IssuedAt = now.UtcDateTime,
                NotBefore = now.UtcDateTime,
                Expires = now.UtcDateTime.AddSeconds(lifetime),
                SigningCredentials = credentials,
            }
        );
        return new IssuedToken(token, lifetime);
    }

    /// <summary>Who sent this Authorization header, or null if it holds no token that is valid now.</summary>
    public ValueTask<Caller?> AuthenticateAsync(string authorization)
    {
        var isKnown = validated.TryGet(authorization, out var known);
        Instruments.CountTokenLookup(isKnown);
        if (!isKnown)
        {
            return ValidateAsync(authorization);
        }

        if (known!.Expires > time.GetUtcNow())
        {
            return new(known);
        }

        validated.TryRemove(authorization);
        return default;
    }

    private async ValueTask<Caller?> ValidateAsync(string authorization)
    {
        if (
            authorization.Length > MaximumHeaderLength
            || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        )
        {
            return null;
        }

        var result = await handler.ValidateTokenAsync(authorization[Scheme.Length..].Trim(' '), parameters);
        if (!result.IsValid || result.SecurityToken is not JsonWebToken valid || SessionOf(valid) is not { } session)
        {
            return null;
        }

        var caller = new Caller(session, new DateTimeOffset(valid.ValidTo, TimeSpan.Zero));
        validated.AddOrUpdate(authorization, caller);
        return caller;
    }

    private static Session? SessionOf(JsonWebToken token)
    {
        if (token.Subject is not { Length: > 0 } userId)
        {
            return null;
        }

        return
            token.TryGetPayloadValue<string>("sid", out var id)
            && token.TryGetPayloadValue<string>("preferred_username", out var username)
            ? Session.Of(userId, username, id)
            : new Session(userId, null, null, new DateTimeOffset(token.IssuedAt).ToUnixTimeMilliseconds());
    }

    private bool IsAlive(
        DateTime? notBefore,
        DateTime? expires,
        SecurityToken token,
        TokenValidationParameters validationParameters
    )
    {
        var now = time.GetUtcNow().UtcDateTime;
        return expires > now && (notBefore is null || notBefore <= now + ClockSkew);
    }
}
