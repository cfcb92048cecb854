namespace FastKv.Api;

/// <summary>Reads percent-encoded bytes (RFC 3986, 2.1), exactly once.</summary>
internal static class PercentEncoding
{
    /// <summary>Decodes until the end or until there is no more room.</summary>
    /// <param name="text">As it came over the wire.</param>
    /// <param name="decoded">Where to.</param>
    /// <param name="length">Bytes that were written.</param>
    /// <param name="plusIsSpace">Whether <c>+</c> stands for a space, as it does in a query (URL Standard, 5.1).</param>
    /// <returns>False if it is malformed.</returns>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> decoded, out int length, bool plusIsSpace = false)
    {
        length = 0;
        for (var i = 0; i < text.Length && length < decoded.Length; i++)
        {
            var c = text[i];
            if (c == '%')
            {
                if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                {
                    return false;
                }

                decoded[length++] = (byte)(HexValue(text[i + 1]) << 4 | HexValue(text[i + 2]));
                i += 2;
            }
            else if (c <= 0x7F)
            {
                decoded[length++] = (byte)(plusIsSpace && c == '+' ? ' ' : c);
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    private static int HexValue(char digit) => char.IsAsciiDigit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
