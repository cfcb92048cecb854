using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using FastKv.Auth;

namespace FastKv.Features.Users;

/// <summary>What the fields of a registration must be. Lengths are in characters, that is in Unicode code points.</summary>
internal static class UserRules
{
    public const int MinimumUsernameLength = 3;
    public const int MaximumUsernameLength = 64;
    public const string UsernamePattern = "^[A-Za-z0-9_.-]+$";

    /// <summary><c>a@b</c></summary>
    public const int MinimumEmailLength = 3;
    public const int MaximumEmailLength = 254;
    public const int MinimumPasswordLength = 8;
    public const int MaximumPasswordLength = 128;
    public const int MaximumFullNameLength = 200;
    public const int MinimumAge = 1;
    public const int MaximumAge = 150;
    public const int MaximumGenderLength = 50;

    public const string PasswordRule =
        "must be a string of 8 to 128 characters with a letter and a digit, not the username or the email, and not a common password";

    private static readonly SearchValues<char> UsernameCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
    );

    // RFC 5322 specials, which an address has only in quotes, and quotes themselves.
    private static readonly SearchValues<char> NotInLocalPart = SearchValues.Create("@()<>[]:;,\\\"");

    private static readonly FrozenSet<string> CommonPasswords = LoadCommonPasswords();

    public static bool IsUsername(string? name) =>
        name is { Length: >= MinimumUsernameLength and <= MaximumUsernameLength }
        && !name.AsSpan().ContainsAnyExcept(UsernameCharacters);

    /// <summary>One <c>@</c>, before it a dot-atom, after it a domain of labels (RFC 5321, 4.1.2; RFC 6531 for other scripts).</summary>
    public static bool IsEmail(string? email)
    {
        if (email is null || email.Length > MaximumEmailLength || email.Split('@') is not [var local, var domain])
        {
            return false;
        }

        return HasFilledParts(local) && HasFilledParts(domain) && IsLocalPart(local) && IsDomain(Nfc.Of(domain));
    }

    public static bool IsFullName(string? name) =>
        name is not null && Characters(name.Trim()) is >= 1 and <= MaximumFullNameLength;

    public static bool IsGender(string? gender) =>
        gender is not null && Characters(gender) is >= 1 and <= MaximumGenderLength;

    /// <summary>
    /// Long enough, a letter and a digit, and not among the first things that are tried (NIST SP 800-63B, 3.1.1.2).
    /// </summary>
    public static bool IsPassword(string password, string? username, string? email)
    {
        var folded = AccountName.Fold(password);
        return Characters(Nfc.Of(password)) is >= MinimumPasswordLength and <= MaximumPasswordLength
            && password.EnumerateRunes().Any(Rune.IsLetter)
            && password.EnumerateRunes().Any(Rune.IsDigit)
            && folded != AccountName.Fold(username ?? "")
            && folded != AccountName.Fold(email ?? "")
            && !CommonPasswords.Contains(folded);
    }

    private static int Characters(string text) => text.EnumerateRunes().Count();

    private static bool HasFilledParts(string dotted) => dotted.Split('.').All(part => part.Length > 0);

    private static bool IsLocalPart(string local) =>
        !local.AsSpan().ContainsAny(NotInLocalPart) && !local.Any(c => char.IsWhiteSpace(c) || char.IsControl(c));

    private static bool IsDomain(string domain) =>
        domain
            .Split('.')
            .All(label => label.All(c => char.IsLetterOrDigit(c) || c == '-') && label[0] != '-' && label[^1] != '-');

    private static FrozenSet<string> LoadCommonPasswords()
    {
        using var stream = typeof(UserRules).Assembly.GetManifestResourceStream("CommonPasswords.txt")!;
        using var reader = new StreamReader(stream);
        return reader
            .ReadToEnd()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }
}
