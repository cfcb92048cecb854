using System.Buffers;
using FastKv.Api;

namespace FastKv.Features.Data;

/// <summary>
/// The key of an entry: 1 to 512 bytes of UTF-8 without control characters (U+0000 to U+001F, U+007F), and not <c>.</c> or
/// <c>..</c>, which URL libraries remove from a path (RFC 3986, 5.2.4). Compared byte for byte.
/// </summary>
internal readonly struct DataKey
{
    /// <summary>Bytes.</summary>
    public const int MaximumLength = 512;

    private static readonly SearchValues<byte> ControlCharacters = SearchValues.Create([
        .. Enumerable.Range(0, 0x20).Select(c => (byte)c),
        0x7F,
    ]);

    /// <summary>What a key must be, for who sent something else.</summary>
    public const string Form =
        "must be a string of 1 to 512 bytes in UTF-8 without control characters, and not . or ..";

    /// <summary>What a key in a path must be.</summary>
    public const string PathForm = Form + "; in a path percent-encoded once, a / in it as %2F";

    private readonly byte[] utf8;

    private DataKey(byte[] utf8) => this.utf8 = utf8;

    public ReadOnlySpan<byte> Utf8 => utf8;

    /// <summary>Takes the key as a request body gives it.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> utf8, out DataKey key)
    {
        var valid =
            utf8.Length is >= 1 and <= MaximumLength
            && !utf8.ContainsAny(ControlCharacters)
            && !utf8.SequenceEqual("."u8)
            && !utf8.SequenceEqual(".."u8)
            && System.Text.Unicode.Utf8.IsValid(utf8);
        key = valid ? new DataKey(utf8.ToArray()) : default;
        return valid;
    }

    /// <summary>Whether a key may begin so.</summary>
    public static bool IsPrefix(ReadOnlySpan<byte> utf8) =>
        utf8.Length <= MaximumLength && !utf8.ContainsAny(ControlCharacters) && System.Text.Unicode.Utf8.IsValid(utf8);

    /// <summary>
    /// Takes the key from a path as it came over the wire, behind <c>/api/data/</c>, and decodes it exactly once (RFC 3986, 2.1).
    /// The server's own decoded path will not do: it leaves <c>%2F</c> encoded and decodes the rest, so two different keys look
    /// the same in it.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<char> segment, out DataKey key)
    {
        key = default;
        Span<byte> decoded = stackalloc byte[MaximumLength + 1];
        return !segment.Contains('/')
            && PercentEncoding.TryDecode(segment, decoded, out var length)
            && TryCreate(decoded[..length], out key);
    }
}
