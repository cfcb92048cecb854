using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace FastKv.Api;

/// <summary>
/// The version of a value: a strong entity tag (RFC 9110, 8.8.3) of the first 32 hex digits, lower case, of the SHA-1 of its bytes.
/// It tells versions apart and protects against nothing but a lost update.
/// </summary>
internal readonly struct EntityTag
{
    /// <summary>Characters between the quotes.</summary>
    public const int Length = 32;

    /// <summary>One for the OpenAPI document, as it stands in a header.</summary>
    public const string Example = "\"07530d8e01dd7333880f14137f599dca\"";

    private readonly string quoted;

    private EntityTag(string quoted) => this.quoted = quoted;

    /// <summary>As it stands in a header: in quotes.</summary>
    public string Quoted => quoted;

    /// <summary>As it stands in JSON: without quotes.</summary>
    public ReadOnlySpan<char> Digits => quoted.AsSpan(1, Length);

    /// <summary>The tag of a value.</summary>
    [SuppressMessage(
        "Security",
        "CA5350:Do Not Use Weak Cryptographic Algorithms",
        Justification = "A version, not a secret; and Redis can compute it, too."
    )]
    public static EntityTag Of(ReadOnlySpan<byte> value)
    {
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        if (value.Length <= SmallSha1.MaximumLength)
        {
            SmallSha1.Hash(value, hash);
        }
        else
        {
            SHA1.HashData(value, hash);
        }

        Span<char> text = stackalloc char[Length + 2];
        text[0] = text[^1] = '"';
        Convert.TryToHexStringLower(hash[..(Length / 2)], text[1..^1], out _);
        return new EntityTag(new string(text));
    }

    /// <summary>The tag that Redis has computed, of 32 digits.</summary>
    public static EntityTag FromDigits(string digits) => new($"\"{digits}\"");
}
