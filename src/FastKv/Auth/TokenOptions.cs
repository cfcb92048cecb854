using System.Security.Cryptography;
using FastKv.Configuration;
using Microsoft.IdentityModel.Tokens;

namespace FastKv.Auth;

/// <summary>Settings <c>FastKv__Token__*</c>.</summary>
internal sealed class TokenOptions
{
    public const int MaximumLifetimeSeconds = 31_536_000;

    private const int MinimumKeyLength = 32;

    /// <summary>HMAC-SHA-256 keys in base64, at least 32 bytes each (RFC 7518, 3.2). The first signs, all verify.</summary>
    public string[] SigningKeys { get; set; } = [];

    /// <summary>Seconds that a token is valid. 1 to 31,536,000.</summary>
    public int LifetimeSeconds { get; set; } = 3600;

    /// <summary>Seconds from the sign-in on for which tokens can be renewed; none outlives it. 60 to 315,360,000; 30 days.</summary>
    public int SessionLifetimeSeconds { get; set; } = 2_592_000;

    /// <summary>For how long a token can be valid at most, renewed or not.</summary>
    public TimeSpan LongestLifetime => TimeSpan.FromSeconds(Math.Max(LifetimeSeconds, SessionLifetimeSeconds));

    /// <summary>The <c>iss</c> claim that is written and demanded.</summary>
    public string Issuer { get; set; } = "fastkv";

    /// <summary>The <c>aud</c> claim that is written and demanded.</summary>
    public string Audience { get; set; } = "fastkv";

    /// <summary>How many validated tokens are remembered, so that a token is verified once and not at each request.</summary>
    public int CacheSize { get; set; } = 10_000;

    /// <param name="configuration">Where the settings are.</param>
    /// <param name="keyFile">With the embedded store: where a key is made and kept if none is set. Otherwise null.</param>
    public static TokenOptions From(IConfiguration configuration, string? keyFile)
    {
        var options = WithoutKeys(configuration);
        if (options.SigningKeys.Length == 0)
        {
            options.SigningKeys = keyFile is null
                ? throw new InvalidSettingException(
                    "With a Redis, FastKv__Token__SigningKeys__0 must be set: a base64 HMAC key of at least 32 bytes, the same for every replica (openssl rand -base64 32)."
                )
                : [KeptKey(keyFile)];
        }

        _ = options.Keys();
        return options;
    }

    /// <summary>For who neither signs nor verifies a token: the keys may be missing, and are not looked at.</summary>
    public static TokenOptions WithoutKeys(IConfiguration configuration)
    {
        var options = Setting.Bind<TokenOptions>(configuration, "Token");
        Setting.RequireRange("Token:LifetimeSeconds", options.LifetimeSeconds, 1, MaximumLifetimeSeconds);
        Setting.RequireRange("Token:SessionLifetimeSeconds", options.SessionLifetimeSeconds, 60, 315_360_000);
        Setting.RequireRange("Token:CacheSize", options.CacheSize, 16, 1_000_000);
        if (string.IsNullOrWhiteSpace(options.Issuer) || string.IsNullOrWhiteSpace(options.Audience))
        {
            throw new InvalidSettingException("FastKv__Token__Issuer and FastKv__Token__Audience must not be empty.");
        }

        return options;
    }

    /// <summary>The keys, each named by a part of its hash, so that a token says which key signed it.</summary>
    public IReadOnlyList<SymmetricSecurityKey> Keys() => [.. SigningKeys.Select(Key)];

    private static SymmetricSecurityKey Key(string base64, int index)
    {
        var bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, bytes, out var length) || length < MinimumKeyLength)
        {
            throw new InvalidSettingException(
                $"FastKv__Token__SigningKeys__{index} must be base64 of at least {MinimumKeyLength} bytes; make one with: openssl rand -base64 32."
            );
        }

        var key = bytes[..length];
        return new SymmetricSecurityKey(key) { KeyId = Convert.ToHexStringLower(SHA256.HashData(key)[..8]) };
    }

    private static string KeptKey(string keyFile)
    {
        if (!File.Exists(keyFile))
        {
            var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(MinimumKeyLength));
            var created = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                created.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using var writer = new StreamWriter(keyFile, created);
            writer.Write(key);
        }

        return File.ReadAllText(keyFile).Trim();
    }
}
