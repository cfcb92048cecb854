using System.Text;
using Microsoft.Extensions.Primitives;

namespace FastKv.Api;

/// <summary>
/// The entity tags of <c>If-Match</c> or <c>If-None-Match</c> (RFC 9110, 13.1): <c>*</c>, or a list. Tags that no value can have are
/// left out of it.
/// </summary>
internal sealed class EntityTagList
{
    private const string Any = "*";

    // A list of which no tag can match anything.
    private const string Nothing = "-";

    private EntityTagList(string text) => Text = text;

    /// <summary>What the script for writes takes: <c>*</c>, or the tags in quotes, one behind the other.</summary>
    public string Text { get; }

    /// <summary>Whether the version is among them.</summary>
    public bool Matches(EntityTag version) => Text == Any || Text.Contains(version.Quoted, StringComparison.Ordinal);

    /// <summary>Reads a header; all its lines are one list.</summary>
    /// <param name="lines">The header's lines.</param>
    /// <param name="isWeakComparison">Whether a weak tag is as good as a strong one: for If-None-Match (RFC 9110, 13.1.2).</param>
    /// <param name="tags">What it holds; null if the header is absent.</param>
    /// <returns>False if it is malformed.</returns>
    public static bool TryParse(StringValues lines, bool isWeakComparison, out EntityTagList? tags)
    {
        tags = null;
        if (lines.Count == 0)
        {
            return true;
        }

        var rest = lines.ToString().AsSpan().Trim(" \t");
        if (rest is Any)
        {
            tags = new EntityTagList(Any);
            return true;
        }

        var found = new StringBuilder();
        var count = 0;
        while (true)
        {
            // Empty elements are no tags, and no mistake (RFC 9110, 5.6.1.2).
            rest = rest.TrimStart(" \t,");
            if (rest.IsEmpty)
            {
                break;
            }

            if (!TryReadTag(ref rest, out var tag, out var isWeak))
            {
                return false;
            }

            count++;
            if ((isWeakComparison || !isWeak) && IsVersion(tag))
            {
                found.Append('"').Append(tag).Append('"');
            }

            rest = rest.TrimStart(" \t");
            if (!rest.IsEmpty && rest[0] != ',')
            {
                return false;
            }
        }

        tags = new EntityTagList(found.Length > 0 ? found.ToString() : Nothing);
        return count > 0;
    }

    /// <summary>Reads one tag without quotes, or <c>*</c>, as it stands in JSON.</summary>
    public static bool TryParseMember(ReadOnlySpan<byte> member, out EntityTagList tags)
    {
        var digits = Encoding.Latin1.GetString(member);
        tags = new EntityTagList(digits == Any ? Any : $"\"{digits}\"");
        return digits == Any || IsVersion(digits);
    }

    // entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE
    private static bool TryReadTag(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> tag, out bool isWeak)
    {
        tag = default;
        isWeak = rest.StartsWith("W/\"");
        if (isWeak)
        {
            rest = rest[2..];
        }

        if (rest[0] != '"' || rest[1..].IndexOf('"') is not (>= 0 and var length))
        {
            return false;
        }

        tag = rest.Slice(1, length);
        rest = rest[(length + 2)..];
        return !tag.ContainsAnyInRange('\0', ' ') && !tag.Contains('\x7F');
    }

    private static bool IsVersion(ReadOnlySpan<char> tag)
    {
        if (tag.Length != EntityTag.Length)
        {
            return false;
        }

        foreach (var c in tag)
        {
            if (!char.IsAsciiHexDigit(c))
            {
                return false;
            }
        }

        return true;
    }
}
