using FastKv.Api;
using FastKv.Redis;
using FastKv.Telemetry;

namespace FastKv.Auth;

/// <summary>
/// Begins and ends sessions in Redis. What is ended here, every request that begins afterwards at any replica is refused for: those on
/// data ask in the command that they send anyway, all others ask <see cref="HasEndedAsync(Session, StoreDeadline?)"/>.
/// </summary>
internal sealed class SessionStore(
    RedisCommands redis,
    RedisKeys keys,
    CredentialStore users,
    TokenOptions options,
    TimeProvider time
) : ISessionCheck
{
    /// <summary>Single sessions of a user that are remembered as ended. One more, and all have ended.</summary>
    private const int MaximumSingles = 32;

    /// <summary>What the clocks of Redis and of the replicas may differ by.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    private static readonly RedisScript Script = RedisScript.Load("sessions");

    private readonly long longest = Milliseconds(options.LongestLifetime + ClockTolerance);

    /// <summary>
    /// Begins a session of a user whose password was right; null if it is no longer, or the user is deleted. Two round trips.
    /// </summary>
    public async Task<Session?> BeginAsync(UserCredentials user)
    {
        // Whoever changed the password may have died before the sessions were ended: what began before the change ends here.
        var beganAt = (long)
            await redis.ReadAsync(Script, [keys.Ended(user.UserId)], ["begin", longest, user.PasswordChangedAt]);

        // Asked again, after the beginning: a change of the password that comes later ends this session, too.
        var known = await users.FindAsync(user.Username);
        return beganAt == 0 || known?.UserId != user.UserId || known.PasswordChangedAt != user.PasswordChangedAt
            ? null
            : Session.Begin(user.UserId, user.Username, beganAt);
    }

    /// <summary>Ends a session. One round trip.</summary>
    public async Task EndAsync(Caller caller)
    {
        // A token that was renewed at this moment ends a whole lifetime from now; this one perhaps later, if the setting was changed.
        var lifetime = TimeSpan.FromSeconds(options.LifetimeSeconds);
        var left = caller.Expires - time.GetUtcNow();
        await WriteAsync(
            caller.UserId,
            "end",
            caller.Session.Id!,
            Milliseconds((left > lifetime ? left : lifetime) + ClockTolerance),
            MaximumSingles
        );
        Instruments.CountEndedSessions("one");
    }

    /// <summary>Ends all sessions of a user. One round trip.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="atLeastUntil">A millisecond, by the clock of Redis, up to which sessions have ended whatever its clock says now.</param>
    /// <returns>The millisecond at which the next session can begin.</returns>
    public async Task<long> EndAllAsync(string userId, long atLeastUntil)
    {
        var next = await WriteAsync(userId, "all", atLeastUntil);
        Instruments.CountEndedSessions("all");
        return next;
    }

    /// <summary>Ends all sessions of a user who is being deleted; none will begin. One round trip.</summary>
    public Task EndForEverAsync(string userId) => WriteAsync(userId, "deleted");

    /// <summary>Which sessions of a user are remembered as ended. One round trip.</summary>
    public async Task<EndedSessions> FindEndedAsync(string userId) =>
        EndedSessions.Parse(await redis.GetAsync(keys.Ended(userId)), time.GetUtcNow());

    /// <summary>Whether a session has ended. One round trip.</summary>
    public async Task<bool> HasEndedAsync(Session session, StoreDeadline? deadline = null) =>
        session.HasEnded(await redis.GetAsync(keys.Ended(session.UserId), deadline));

    /// <inheritdoc/>
    public async Task<bool> HasEndedAsync(HttpContext context)
    {
        try
        {
            return context.User is Caller caller
                && await HasEndedAsync(caller.Session, context.Features.Get<StoreDeadline>());
        }
        catch (StoreUnavailableException)
        {
            // What is refused for another reason stays so.
            return false;
        }
    }

    private async Task<long> WriteAsync(string userId, params StackExchange.Redis.RedisValue[] arguments) =>
        (long)
            await redis.WriteAsync(
                Script,
                [keys.Ended(userId)],
                [arguments[0], longest, .. arguments[1..]],
                isLarge: false
            );

    private static long Milliseconds(TimeSpan duration) => (long)duration.TotalMilliseconds;
}
