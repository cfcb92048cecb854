using System.Text;
using System.Text.Unicode;

namespace FastKv.Server;

/// <summary>
/// UTF-8, but for the values for which <paramref name="replacement"/> has something else. Kestrel decodes the values of fields
/// with it; it copies nothing on the way, which takes pointers.
/// </summary>
internal sealed class FieldEncoding(FieldEncoding.Replacement replacement) : Encoding
{
    /// <summary>What a value is decoded to instead; null if it is decoded as it is.</summary>
    public delegate string? Replacement(ReadOnlySpan<byte> value);

    /// <summary>
    /// For HTTP/1.1: refuses what Kestrel refuses by itself, but in trailers too in a way that Kestrel answers: its own exception is
    /// taken for a bug of the application there.
    /// </summary>
    public static FieldEncoding Strict { get; } =
        new(static value =>
            IsFieldValue(value) ? null : throw new BadHttpRequestException("The value of a field is no text.")
        );

    /// <summary>RFC 9110, 5.5; and what is not ASCII must be UTF-8.</summary>
    public static bool IsFieldValue(ReadOnlySpan<byte> value) =>
        !value.ContainsAny((byte)'\0', (byte)'\r', (byte)'\n') && Utf8.IsValid(value);

    /// <summary>What a value is decoded to that is no text; no valid UTF-8 decodes to a lone surrogate, so no client can send it.</summary>
    public const string InvalidValue = "\uDFFF";

    /// <summary>For Authorization: a token that is no text is a wrong token, not a broken request.</summary>
    public static FieldEncoding Authorization { get; } = new(static value => IsFieldValue(value) ? null : InvalidValue);

    /// <summary>
    /// Whether a target is refused for its key: the one thing that the server itself refuses of a key (RFC 3986, 7.3), before there
    /// is an application to ask.
    /// </summary>
    public static bool HasNulInKey(ReadOnlySpan<char> target)
    {
        const string KeyPrefix = "/api/data/";
        var query = target.IndexOf('?');
        var path = query < 0 ? target : target[..query];
        return path.StartsWith(KeyPrefix, StringComparison.OrdinalIgnoreCase)
            && path.Contains("%00", StringComparison.Ordinal);
    }

    public override unsafe int GetCharCount(byte* bytes, int count) => Count(new ReadOnlySpan<byte>(bytes, count));

    public override int GetCharCount(byte[] bytes, int index, int count) => Count(bytes.AsSpan(index, count));

    public override unsafe int GetChars(byte* bytes, int byteCount, char* chars, int charCount) =>
        Decode(new ReadOnlySpan<byte>(bytes, byteCount), new Span<char>(chars, charCount));

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        Decode(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    public override int GetMaxCharCount(int byteCount) => throw new NotSupportedException();

    public override int GetByteCount(char[] chars, int index, int count) => throw new NotSupportedException();

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        throw new NotSupportedException();

    public override int GetMaxByteCount(int charCount) => throw new NotSupportedException();

    private int Count(ReadOnlySpan<byte> value) => replacement(value)?.Length ?? UTF8.GetCharCount(value);

    private int Decode(ReadOnlySpan<byte> value, Span<char> text)
    {
        if (replacement(value) is not { } other)
        {
            return UTF8.GetChars(value, text);
        }

        other.CopyTo(text);
        return other.Length;
    }
}
