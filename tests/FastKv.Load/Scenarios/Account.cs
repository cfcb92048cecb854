namespace FastKv.Load.Scenarios;

/// <summary>A registered user with a token, made for a run.</summary>
internal sealed record Account(string UserId, string Username, string Token)
{
    /// <summary>Meets the documented password rule; the accounts hold nothing but load-test data.</summary>
    public const string Password = "load-test-password-1";
}
