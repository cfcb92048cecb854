using FastKv.Auth;
using FastKv.Features.Users;
using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Admin;

/// <summary>
/// Whether users and the claims on their email addresses agree. The two lie in different slots of a cluster, so no script holds both:
/// each finding rests on what can't change back. A claim that is too old for its registration to be under way never gets a user, a
/// deletion is noted before it gives the claim back, and a repair changes nothing that has changed since it was read.
/// </summary>
internal sealed class AccountCheck(
    RedisCommands redis,
    RedisKeys keys,
    UserFinder users,
    Findings findings,
    bool repairs
)
{
    // What the clock of Redis says in milliseconds, and the claim.
    private static readonly RedisScript ReadClaim = new(
        """
        local held = redis.call('GET', KEYS[1])
        if not held then return false end
        local time = redis.call('TIME')
        return { tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000), held }
        """
    );

    private static readonly RedisScript Claim = new(
        """
        local held = redis.call('GET', KEYS[1])
        if (held or '') ~= ARGV[1] then return 0 end
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        redis.call('SET', KEYS[1], string.format('%.0f', now) .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
        return 1
        """
    );

    private static readonly RedisScript Release = new(
        """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        return redis.call('DEL', KEYS[1])
        """
    );

    /// <summary>Looks at a user: complete, and with a claim on the email address.</summary>
    /// <returns>The user_id; null if there is no such user.</returns>
    public async Task<string?> CheckUserAsync(string foldedUsername)
    {
        var key = keys.User(foldedUsername);
        if (await redis.TypeAsync(key) is not (RedisType.Hash or RedisType.None))
        {
            findings.Add(FindingKind.WrongType, key);
            return null;
        }

        if (await users.ReadAsync(foldedUsername) is not { } user)
        {
            return null;
        }

        if (
            user
                is not {
                    UserId: { } userId,
                    Username: { } username,
                    Email: { } email,
                    CreatedAt: not null,
                    Age: not null,
                    FullName: not null,
                    Gender: not null
                }
            || AccountName.Fold(username) != foldedUsername
            || (await redis.GetHashFieldAsync(key, "password_hash")).IsNull
        )
        {
            // Asked again: it may be deleted by now.
            if (await users.ReadAsync(foldedUsername) == user)
            {
                findings.Add(FindingKind.UserIncomplete, key);
            }

            return user.UserId;
        }

        var address = keys.Email(AccountName.Fold(email));
        var (claim, held) = await ReadClaimAsync(address);
        if (claim?.Username == foldedUsername && claim.UserId == userId)
        {
            return user.UserId;
        }

        if (claim is not null && claim.Username != foldedUsername && !await IsOrphanAsync(claim, email))
        {
            // Another user's, or perhaps soon.
            if (claim.Age > UserStore.OrphanAge && await IsThereAsync(foldedUsername, user))
            {
                findings.Add(FindingKind.EmailOfAnother, key);
            }

            return user.UserId;
        }

        if (await IsThereAsync(foldedUsername, user))
        {
            var isOwn = claim is null ? !held.IsNull : claim.Username == foldedUsername;
            var kind = isOwn ? FindingKind.ClaimDiffers : FindingKind.UserWithoutEmail;
            findings.Add(kind, key, repairs && await ClaimAsync(address, held, userId, foldedUsername));
        }

        return userId;
    }

    /// <summary>Looks at a claim on an email address: that its user is there.</summary>
    public async Task CheckEmailAsync(RedisKey address, string foldedEmail)
    {
        if (await redis.TypeAsync(address) is not (RedisType.String or RedisType.None))
        {
            findings.Add(FindingKind.WrongType, address);
            return;
        }

        var (claim, held) = await ReadClaimAsync(address);
        if (held.IsNull || (claim is not null && !await IsOrphanAsync(claim, foldedEmail)))
        {
            return;
        }

        // A new registration of the address would have put its own claim there.
        if ((await ReadClaimAsync(address)).Held != held)
        {
            return;
        }

        if (claim is null)
        {
            findings.Add(FindingKind.ClaimUnreadable, address);
            return;
        }

        findings.Add(
            FindingKind.EmailWithoutUser,
            address,
            repairs && (long)await redis.WriteAsync(Release, [address], [held], isLarge: false) == 1
        );
    }

    /// <summary>Whether a claim is for nobody who is there or may still come.</summary>
    private async Task<bool> IsOrphanAsync(EmailClaim claim, string email) =>
        claim.Age > UserStore.OrphanAge
        && (
            await users.ReadAsync(claim.Username) is not { Email: { } own }
            || AccountName.Fold(own) != AccountName.Fold(email)
        );

    /// <summary>Whether a user is still there as read before, and not being deleted.</summary>
    private async Task<bool> IsThereAsync(string foldedUsername, StoredUser user) =>
        (await redis.GetHashFieldAsync(keys.Deletions, user.UserId)).IsNull
        && await users.ReadAsync(foldedUsername) is { } again
        && again.UserId == user.UserId
        && again.Email == user.Email;

    private async Task<(EmailClaim? Claim, RedisValue Held)> ReadClaimAsync(RedisKey address)
    {
        var reply = await redis.ReadAsync(ReadClaim, [address], []);
        if (reply.IsNull)
        {
            return (null, RedisValue.Null);
        }

        var held = (RedisValue)reply[1];
        return (EmailClaim.Parse(held, (long)reply[0]), held);
    }

    private async Task<bool> ClaimAsync(RedisKey address, RedisValue held, string userId, string foldedUsername) =>
        (long)
            await redis.WriteAsync(
                Claim,
                [address],
                [held.IsNull ? RedisValue.EmptyString : held, userId, foldedUsername],
                isLarge: false
            ) == 1;
}
