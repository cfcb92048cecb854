namespace FastKv.Telemetry;

/// <summary>
/// What somebody who watches over accounts wants to know, in a log category of its own, <c>FastKv.Security</c>. No names and no
/// addresses; a user_id where it is needed to find out whose it was.
/// </summary>
internal sealed partial class SecurityEvents(ILoggerFactory loggers)
{
    private readonly ILogger logger = loggers.CreateLogger("FastKv.Security");

    /// <summary>The failure that was one too many for a while.</summary>
    /// <param name="limiter"><c>username</c> or <c>address</c>: what has failed too often.</param>
    [LoggerMessage(
        EventName = "login_limit_reached",
        Level = LogLevel.Warning,
        Message = "Failed sign-ins have reached the limit of one {Limiter}; further ones are refused for {Seconds} s."
    )]
    public partial void LoginLimitReached(string limiter, int seconds);

    /// <summary>A user signed out.</summary>
    /// <param name="scope"><c>one</c> session, or <c>all</c>.</param>
    [LoggerMessage(
        EventName = "session_ended",
        Level = LogLevel.Information,
        Message = "A user signed out: user_id={UserId} sessions={Scope}."
    )]
    public partial void SessionEnded(string userId, string scope);

    [LoggerMessage(
        EventName = "password_changed",
        Level = LogLevel.Information,
        Message = "A password was changed, and all sessions of the user have ended: user_id={UserId}."
    )]
    public partial void PasswordChanged(string userId);

    [LoggerMessage(
        EventName = "account_deleted",
        Level = LogLevel.Information,
        Message = "An account was deleted, and all its sessions have ended: user_id={UserId}."
    )]
    public partial void AccountDeleted(string userId);
}
