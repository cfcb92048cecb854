namespace FastKv.Auth;

/// <summary>Usernames and emails are unique without regard to case.</summary>
internal static class AccountName
{
    /// <summary>The form in which names are compared, and in which they stand in key names.</summary>
    public static string Fold(string name) => name.ToLowerInvariant();
}
