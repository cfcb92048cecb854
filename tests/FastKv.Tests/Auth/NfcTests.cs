using System.Globalization;
using System.Text;
using FastKv.Auth;
using FsCheck.Xunit;
using Xunit;

namespace FastKv.Tests.Auth;

public sealed class NfcTests
{
    /// <summary>What another implementation makes of 600 texts of marks, letters with marks and Hangul.</summary>
    [Fact]
    public void It_is_what_others_make_of_the_same_text()
    {
        var cases = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Auth", "NormalizationCases.txt"))
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split(';'))
            .ToArray();
        Assert.Equal(600, cases.Length);
        Assert.All(cases, pair => Assert.Equal(pair[1], Codes(Nfc.Of(Text(pair[0])))));
        Assert.All(cases, pair => Assert.Equal(pair[1], Codes(Nfc.Of(Text(pair[1])))));
    }

    [Property]
    public bool What_is_normalized_stays_as_it_is(string? text) =>
        Nfc.Of(text ?? "") is var once && Nfc.Of(once) == once;

    [Theory]
    [InlineData("")]
    [InlineData("secure_password123")]
    [InlineData("pâté \u0000 ÿ 1")]
    public void Text_without_marks_is_left_alone(string text) => Assert.Same(text, Nfc.Of(text));

    [Theory]
    [InlineData("J\u030C", "\u01F0")]
    [InlineData("\u212B", "a\u030A")]
    [InlineData("E\u0301", "\u00E9")]
    [InlineData("\u0130", "I\u0307")]
    public void Names_are_compared_without_regard_to_case_and_composition(string one, string other) =>
        Assert.Equal(AccountName.Fold(one), AccountName.Fold(other));

    private static string Text(string codes) =>
        string.Concat(
            codes
                .Split(' ')
                .Select(code => new Rune(int.Parse(code, NumberStyles.HexNumber, CultureInfo.InvariantCulture)))
        );

    private static string Codes(string text) =>
        string.Join(' ', text.EnumerateRunes().Select(rune => rune.Value.ToString("X", CultureInfo.InvariantCulture)));
}
