using System.Globalization;
using System.Security.Cryptography;
using FastKv.Auth;
using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Features.Users;

/// <summary>What became of a registration.</summary>
internal enum Registration
{
    Done,
    UsernameTaken,
    EmailTaken,
}

/// <summary>
/// Users in Redis: a hash per username and a claim per email. The two lie in different slots of a cluster, so no transaction
/// spans them. What is true at any time: <b>an email belongs to the user whom its claim names, if that user's hash exists and
/// has this email; otherwise it is free</b>, at once if the hash has another email, after <see cref="OrphanAge"/> if there is
/// no hash, because its registration may still be under way. A crash at any step leaves an orphaned claim, which the next
/// registration of the email takes over, and nothing else. A claim that can't be read is somebody's: of a later version, for example.
/// </summary>
internal sealed class UserStore(RedisCommands redis, RedisKeys keys, RedisOptions options)
{
    /// <summary>How old a claim without its user is when another registration may take it over.</summary>
    public static readonly TimeSpan OrphanAge = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How old a claim may be when its user is created. The rest until <see cref="OrphanAge"/> is what the clocks of two Redis
    /// servers may differ by; both ages are measured by Redis and not by this process.
    /// </summary>
    private static readonly TimeSpan CreateWithin = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);
    private const int MaximumPolls = 60;

    private const string UserIdAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>A new opaque id: 20 characters, 100 random bits.</summary>
    public static string NewUserId() => RandomNumberGenerator.GetString(UserIdAlphabet, 20);

    /// <summary>The time that one request may wait for the store.</summary>
    public StoreDeadline NewDeadline() => new(options.CommandTimeout);

    /// <summary>
    /// Whether a registration would be refused now; null if not, or if only the registration itself can say. One round trip, two if
    /// the email is claimed.
    /// </summary>
    public async Task<Registration?> FindConflictAsync(string username, string email, StoreDeadline deadline)
    {
        var claimAsync = redis.GetAsync(keys.Email(AccountName.Fold(email)));
        if (await EmailOfAsync(AccountName.Fold(username), deadline) is not null)
        {
            await claimAsync;
            return Registration.UsernameTaken;
        }

        if (
            EmailClaim.Parse(await claimAsync) is not { } claim
            || await EmailOfAsync(claim.Username, deadline) != AccountName.Fold(email)
        )
        {
            return null;
        }

        // The name was free a moment ago: if the email is that of a user of this name, it has been taken since.
        return claim.Username == AccountName.Fold(username) ? Registration.UsernameTaken : Registration.EmailTaken;
    }

    /// <summary>
    /// Claims the email, then creates the user if the name is free, else gives the claim back. Exactly one of several
    /// registrations that race for a name or an email is done.
    /// </summary>
    /// <returns>What became of it, and the user as it is stored.</returns>
    public async Task<(Registration, User)> RegisterAsync(User user, StoreDeadline deadline)
    {
        var username = AccountName.Fold(user.Username);
        var email = AccountName.Fold(user.Email);
        RedisValue replaced = RedisValue.Null;
        for (var polls = 0; polls < MaximumPolls; polls++)
        {
            if (await ClaimAsync(email, username, user.UserId, replaced, deadline) is not { } claim)
            {
                return (Registration.EmailTaken, user);
            }

            replaced = RedisValue.Null;
            if (claim.Username == username)
            {
                // Ours, or that of an earlier try for the same user, whose place this one takes: the name decides, and only
                // one user of this name can be created.
                user = user with
                {
                    UserId = claim.UserId,
                };
                switch (await CreateAsync(username, user, claim, deadline))
                {
                    case Creation.Done:
                        return (Registration.Done, user);
                    case Creation.ClaimTooOld:
                        replaced = claim.Raw;
                        continue;
                    default:
                        await ReleaseAsync(email, username, claim, deadline);
                        return (Registration.UsernameTaken, user);
                }
            }

            var holder = await EmailOfAsync(claim.Username, deadline);
            if (holder == email)
            {
                var taken = await EmailOfAsync(username, deadline) is not null;
                return (taken ? Registration.UsernameTaken : Registration.EmailTaken, user);
            }

            if (holder is not null || claim.Age > OrphanAge)
            {
                replaced = claim.Raw;
                continue;
            }

            // Another registration of this email is between its two steps: its outcome decides.
            await Task.Delay(PollInterval);
        }

        return (Registration.EmailTaken, user);
    }

    private async Task<string?> EmailOfAsync(string username, StoreDeadline deadline)
    {
        string? email = await redis.GetHashFieldAsync(keys.User(username), "email", deadline);
        return email is null ? null : AccountName.Fold(email);
    }

    // Sets the claim if the key is absent or holds exactly what is to be replaced; returns the millisecond and the claim in force.
    private const string ClaimScript = """
        local now = redis.call('TIME')
        local ms = now[1] * 1000 + math.floor(now[2] / 1000)
        local held = redis.call('GET', KEYS[1])
        if held and held ~= ARGV[3] then return {ms, held} end
        local claim = string.format('%.0f', ms) .. ' ' .. ARGV[2] .. ' ' .. ARGV[1]
        redis.call('SET', KEYS[1], claim)
        return {ms, claim}
        """;

    /// <returns>The claim in force; null if it can't be read.</returns>
    private async Task<EmailClaim?> ClaimAsync(
        string email,
        string username,
        string userId,
        RedisValue replaced,
        StoreDeadline deadline
    )
    {
        try
        {
            var reply = (RedisResult[])
                (
                    await redis.EvaluateAsync(
                        ClaimScript,
                        keys.Email(email),
                        replaced.IsNull ? [username, userId] : [username, userId, replaced],
                        deadline
                    )
                )!;
            return EmailClaim.Parse((RedisValue)reply[1], (long)reply[0]);
        }
        catch (OutcomeUnknownException lost)
        {
            // Whether the claim stands or not, there is no user: the registration certainly did not happen.
            throw new StoreUnavailableException(lost.Reason, lost.InnerException);
        }
    }

    private enum Creation
    {
        NameTaken = 0,
        Done = 1,
        ClaimTooOld = 2,
    }

    // Creates the hash if it is absent and the claim is younger than the limit.
    private const string CreateScript = """
        if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
        local now = redis.call('TIME')
        if now[1] * 1000 + math.floor(now[2] / 1000) > tonumber(ARGV[1]) then return 2 end
        redis.call('HSET', KEYS[1], 'user_id', ARGV[2], 'username', ARGV[3], 'email', ARGV[4], 'full_name', ARGV[5],
          'age', ARGV[6], 'gender', ARGV[7], 'password_hash', ARGV[8], 'created_at', ARGV[9])
        return 1
        """;

    private async Task<Creation> CreateAsync(string username, User user, EmailClaim claim, StoreDeadline deadline) =>
        (Creation)
            (int)
                await redis.EvaluateAsync(
                    CreateScript,
                    keys.User(username),
                    [
                        claim.SinceMilliseconds + (long)CreateWithin.TotalMilliseconds,
                        user.UserId,
                        user.Username,
                        user.Email,
                        user.FullName,
                        user.Age,
                        user.Gender,
                        user.PasswordHash,
                        user.CreatedAt.ToString("O", CultureInfo.InvariantCulture),
                    ],
                    deadline
                );

    private const string ReleaseScript = """
        if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
        return 0
        """;

    /// <summary>
    /// Gives the claim back, unless the user who has the name has this very email. If the store fails meanwhile, the claim is
    /// an orphan that anyone may take over, and the answer of the registration stands.
    /// </summary>
    private async Task ReleaseAsync(string email, string username, EmailClaim claim, StoreDeadline deadline)
    {
        try
        {
            if (await EmailOfAsync(username, deadline) != email)
            {
                await redis.EvaluateAsync(ReleaseScript, keys.Email(email), [claim.Raw], deadline);
            }
        }
        catch (Exception outage) when (outage is StoreUnavailableException or OutcomeUnknownException) { }
    }
}
