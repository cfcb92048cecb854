using System.Globalization;
using System.Text;

namespace FastKv.Auth;

/// <summary>
/// Normalization form C (Unicode Standard Annex #15): the one spelling of a text that may have been typed in several, as é is one
/// character on one machine and two on another. .NET takes it from ICU, which is neither in the image nor on every machine, and
/// without it <see cref="string.Normalize()"/> does nothing, in silence; a password has to hash alike everywhere.
/// </summary>
internal static class Nfc
{
    /// <summary>The first character that is a combining mark; nothing before it changes, whatever it stands beside.</summary>
    private const char FirstMark = '\u0300';

    // Hangul syllables are computed (The Unicode Standard, 3.12).
    private const int SyllableBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TailBase = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TailCount = 28;
    private const int SyllableCount = LeadCount * VowelCount * TailCount;

    private static readonly Lazy<Mappings> Known = new(Load);

    /// <summary>The text in normalization form C. Halves of surrogate pairs become U+FFFD.</summary>
    public static string Of(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange(FirstMark, char.MaxValue))
        {
            return text;
        }

        var parts = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, parts);
        }

        Order(parts);
        Compose(parts);
        var composed = new StringBuilder(parts.Count);
        foreach (var part in parts)
        {
            composed.Append(new Rune(part));
        }

        return composed.ToString();
    }

    private static void Decompose(int character, List<int> parts)
    {
        if (character is >= SyllableBase and < SyllableBase + SyllableCount)
        {
            var index = character - SyllableBase;
            parts.Add(LeadBase + index / (VowelCount * TailCount));
            parts.Add(VowelBase + index % (VowelCount * TailCount) / TailCount);
            if (index % TailCount is > 0 and var tail)
            {
                parts.Add(TailBase + tail);
            }
        }
        else if (Known.Value.Parts.TryGetValue(character, out var its))
        {
            foreach (var part in its)
            {
                Decompose(part, parts);
            }
        }
        else
        {
            parts.Add(character);
        }
    }

    /// <summary>Marks that follow one another stand in the order of their classes (D109); those of one class stay as they are.</summary>
    private static void Order(List<int> parts)
    {
        for (var i = 1; i < parts.Count; i++)
        {
            for (var at = i; at > 0 && ClassOf(parts[at]) > 0 && ClassOf(parts[at - 1]) > ClassOf(parts[at]); at--)
            {
                (parts[at - 1], parts[at]) = (parts[at], parts[at - 1]);
            }
        }
    }

    /// <summary>Each character joins the starter before it, unless one between them stands in the way (D115, D117).</summary>
    private static void Compose(List<int> parts)
    {
        int? starter = null;
        var length = 0;
        var lastClass = 0;
        foreach (var part in parts.ToArray())
        {
            var itsClass = ClassOf(part);
            var isBlocked = starter is { } at && at != length - 1 && (lastClass == 0 || lastClass >= itsClass);
            if (starter is { } before && !isBlocked && Join(parts[before], part) is { } joined)
            {
                parts[before] = joined;
                continue;
            }

            starter = itsClass == 0 ? length : starter;
            lastClass = itsClass;
            parts[length++] = part;
        }

        parts.RemoveRange(length, parts.Count - length);
    }

    private static int? Join(int first, int second) =>
        (first - LeadBase, second - VowelBase, first - SyllableBase, second - TailBase) switch
        {
            (>= 0 and < LeadCount and var lead, >= 0 and < VowelCount and var vowel, _, _) => SyllableBase
                + (lead * VowelCount + vowel) * TailCount,
            (_, _, >= 0 and < SyllableCount and var syllable, > 0 and < TailCount and var tail)
                when syllable % TailCount == 0 => first + tail,
            _ => Known.Value.Wholes.TryGetValue((first, second), out var whole) ? whole : null,
        };

    private static int ClassOf(int character) => Known.Value.Classes.GetValueOrDefault(character);

    private static Mappings Load()
    {
        var mappings = new Mappings([], [], []);
        using var stream = typeof(Nfc).Assembly.GetManifestResourceStream("CanonicalMappings.txt")!;
        using var reader = new StreamReader(stream, Encoding.ASCII);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            var at = line.AsSpan().IndexOfAny('=', '<', '>');
            var character = Parse(line.AsSpan(0, at));
            if (line[at] == '=')
            {
                mappings.Classes[character] = int.Parse(line.AsSpan(at + 1), CultureInfo.InvariantCulture);
                continue;
            }

            int[] parts = [.. line[(at + 1)..].Split(' ').Select(part => Parse(part))];
            mappings.Parts[character] = parts;
            if (line[at] == '<')
            {
                mappings.Wholes[(parts[0], parts[1])] = character;
            }
        }

        return mappings;
    }

    private static int Parse(ReadOnlySpan<char> hex) =>
        int.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <param name="Classes">Canonical combining classes other than 0.</param>
    /// <param name="Parts">Canonical decompositions, one step each.</param>
    /// <param name="Wholes">Which two characters are composed into which.</param>
    private sealed record Mappings(
        Dictionary<int, int> Classes,
        Dictionary<int, int[]> Parts,
        Dictionary<(int, int), int> Wholes
    );
}
