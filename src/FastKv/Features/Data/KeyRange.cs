using StackExchange.Redis;

namespace FastKv.Features.Data;

/// <summary>A range of keys in the order of their bytes, as Redis takes it (<c>ZRANGE … BYLEX</c>).</summary>
internal static class KeyRange
{
    // Greater than any byte of UTF-8 (RFC 3629, 1).
    private const byte AfterAll = 0xFF;

    /// <summary>From the first key with the prefix, or the first one behind a key, whichever is later.</summary>
    public static RedisValue Begin(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> after) =>
        !after.IsEmpty && after.SequenceCompareTo(prefix) >= 0 ? (byte[])[(byte)'(', .. after]
        : prefix.IsEmpty ? "-"
        : (byte[])[(byte)'[', .. prefix];

    /// <summary>To the last key with the prefix.</summary>
    public static RedisValue End(ReadOnlySpan<byte> prefix) =>
        prefix.IsEmpty ? "+" : (byte[])[(byte)'(', .. prefix, AfterAll];
}
