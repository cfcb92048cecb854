namespace FastKv.Auth;

/// <summary>Usernames and emails are unique without regard to case and to how a character is composed.</summary>
internal static class AccountName
{
    /// <summary>The form in which names are compared, and in which they stand in key names.</summary>
    // Lower case can be composed where upper case is not, as that of J and a caron.
    public static string Fold(string name) => Nfc.Of(Nfc.Of(name).ToLowerInvariant());
}
