using StackExchange.Redis;

namespace FastKv.Features.Data;

/// <summary>
/// A range of keys in the order of their bytes, as Redis takes it (<c>ZRANGE … BYLEX</c>). The bounds lie between keys and are none
/// themselves, because the embedded store takes <c>(+</c> and <c>[-</c> for the infinities.
/// </summary>
internal static class KeyRange
{
    // Greater than any byte of UTF-8 (RFC 3629, 1).
    private const byte AfterAll = 0xFF;

    // Less than any byte of a key.
    private const byte BeforeAll = 0;

    /// <summary>From the first key with the prefix, or the first one behind a key, whichever is later.</summary>
    public static RedisValue Begin(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> after) =>
        !after.IsEmpty && after.SequenceCompareTo(prefix) >= 0 ? (byte[])[(byte)'(', .. after, BeforeAll]
        : prefix.IsEmpty ? "-"
        : (byte[])[(byte)'(', .. prefix[..^1], (byte)(prefix[^1] - 1), AfterAll];

    /// <summary>To the last key with the prefix.</summary>
    public static RedisValue End(ReadOnlySpan<byte> prefix) =>
        prefix.IsEmpty ? "+" : (byte[])[(byte)'(', .. prefix, AfterAll];
}
