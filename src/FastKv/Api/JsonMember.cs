using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FastKv.Api;

/// <summary>What stands in a body behind a name.</summary>
/// <param name="Token">Its kind; <see cref="JsonTokenType.None"/> if the name is absent.</param>
/// <param name="Text">Of a string its characters in UTF-8, null if they are no text or too many; of a number what stands there.</param>
internal readonly record struct JsonMember(JsonTokenType Token, ReadOnlyMemory<byte>? Text)
{
    public bool IsAbsent => Token is JsonTokenType.None;

    public bool IsNull => Token is JsonTokenType.Null;

    /// <summary>The characters of a string; null if it is none.</summary>
    public ReadOnlyMemory<byte>? String => Token is JsonTokenType.String ? Text : null;

    /// <summary>
    /// Whether it is a number without a fraction, as it is written (<c>30.0</c> and <c>3e1</c> are: JSON Schema 2020-12, 6.1.1), of
    /// 64 bits with sign. It never goes through a floating-point number, so none is made whole by rounding.
    /// </summary>
    public bool TryGetWholeNumber(out long number)
    {
        number = 0;
        return Token is JsonTokenType.Number && Text is { } text && TryParse(text.Span, out number);
    }

    private static bool TryParse(ReadOnlySpan<byte> text, out long number)
    {
        if (Utf8Parser.TryParse(text, out number, out var length) && length == text.Length)
        {
            return true;
        }

        var exponentAt = text.IndexOfAny((byte)'e', (byte)'E');
        var mantissa = exponentAt < 0 ? text : text[..exponentAt];
        var isNegative = mantissa[0] == '-';
        mantissa = isNegative ? mantissa[1..] : mantissa;
        var point = mantissa.IndexOf((byte)'.');
        var whole = point < 0 ? mantissa : mantissa[..point];
        var fraction = point < 0 ? [] : mantissa[(point + 1)..].TrimEnd((byte)'0');
        var digits = Encoding.ASCII.GetString([.. whole, .. fraction]).TrimStart('0');
        number = 0;
        if (digits.Length == 0)
        {
            return true;
        }

        // 64 bits have at most 19 digits: an exponent beyond any that could make them so need not be known.
        if (!TryParseExponent(exponentAt < 0 ? [] : text[(exponentAt + 1)..], out var exponent))
        {
            return false;
        }

        var zeros = exponent - fraction.Length;
        if (zeros < 0)
        {
            // Digits behind the point must all be zeros.
            var kept = digits.Length + zeros;
            if (kept <= 0 || digits.AsSpan((int)kept).ContainsAnyExcept('0'))
            {
                return false;
            }

            digits = digits[..(int)kept];
        }
        else if (digits.Length + zeros > 19)
        {
            return false;
        }
        else
        {
            digits += new string('0', (int)zeros);
        }

        return long.TryParse(
            isNegative ? $"-{digits}" : digits,
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out number
        );
    }

    private static bool TryParseExponent(ReadOnlySpan<byte> text, out long exponent)
    {
        exponent = 0;
        return text.IsEmpty
            || long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)
                && Math.Abs(exponent) < int.MaxValue;
    }
}
