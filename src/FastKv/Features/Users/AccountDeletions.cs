using System.Diagnostics;
using System.Globalization;
using FastKv.Auth;
using FastKv.Redis;
using FastKv.Telemetry;
using StackExchange.Redis;

namespace FastKv.Features.Users;

/// <summary>
/// Users who are deleted. First the deletion is noted, then the sessions end, the email and the name are given back: then the user is
/// gone. What they stored is removed part by part (<see cref="DeletedDataRemover"/>). Each step can be done again, and whoever finds
/// the note does so, so that a crash at any of them delays a deletion and does not lose it.
/// </summary>
internal sealed class AccountDeletions(RedisCommands redis, RedisKeys keys, SessionStore sessions, TimeProvider time)
{
    /// <summary>Names that are removed at once: bounds how long Redis is kept busy.</summary>
    private const int PartLength = 500;

    /// <summary>How long a replica that says nothing has the removal for itself.</summary>
    private static readonly TimeSpan LeaseLifetime = TimeSpan.FromSeconds(10);

    private readonly RedisValue owner = Guid.NewGuid().ToString("N");

    /// <summary>Tells that there is something to remove.</summary>
    public event Action? Begun;

    /// <summary>Deletes a user. When it is done, nobody can sign in, no token is good, and the names are free.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was done.</exception>
    /// <exception cref="OutcomeUnknownException">The user may be deleted soon, or not.</exception>
    public async Task BeginAsync(UserCredentials user, StoreDeadline deadline)
    {
        var deletion = new Deletion(user.UserId, user.Username, user.Email, time.GetUtcNow());
        await redis.SetHashFieldAsync(keys.Deletions, user.UserId, deletion.Text, deadline);
        try
        {
            await deadline.BoundWriteAsync(CloseAsync(deletion));
            Instruments.CountEndedSessions("all");
        }
        catch (StoreUnavailableException outage)
        {
            throw new OutcomeUnknownException(outage.Reason, outage);
        }
        finally
        {
            Begun?.Invoke();
        }
    }

    /// <summary>The users whose data are still to be removed. What this service has not noted is left out.</summary>
    public async Task<IReadOnlyList<Deletion>> ListAsync() =>
        [
            .. (await redis.GetHashAsync(keys.Deletions))
                .Select(entry => Deletion.Parse(entry.Name.ToString(), entry.Value.ToString()))
                .OfType<Deletion>(),
        ];

    private static readonly RedisScript ReleaseEmail = new(
        """
        local claim = redis.call('GET', KEYS[1])
        if claim and string.find(claim, ' ' .. ARGV[1] .. ' ', 1, true) then return redis.call('DEL', KEYS[1]) end
        return 0
        """
    );

    private static readonly RedisScript DeleteUser = new(
        """
        if redis.call('HGET', KEYS[1], 'user_id') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
        return 0
        """
    );

    /// <summary>Ends the sessions and gives email and name back, if they are still the user's.</summary>
    public async Task CloseAsync(Deletion deletion)
    {
        await sessions.EndForEverAsync(deletion.UserId);

        // The email first: a claim that is left behind would give its user_id to who registers the same name and email again.
        await redis.WriteAsync(
            ReleaseEmail,
            [keys.Email(AccountName.Fold(deletion.Email))],
            [deletion.UserId],
            isLarge: false
        );
        await redis.WriteAsync(
            DeleteUser,
            [keys.User(AccountName.Fold(deletion.Username))],
            [deletion.UserId],
            isLarge: false
        );
    }

    // Takes the lease or keeps it, and answers the names of some entries and of some successes that are remembered; nil if another
    // replica has it.
    private static readonly RedisScript NextPart = new(
        """
        local holder = redis.call('GET', KEYS[1])
        if holder and holder ~= ARGV[1] then return false end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        local last = tonumber(ARGV[3]) - 1
        return { redis.call('ZRANGE', KEYS[2], 0, last), redis.call('ZRANGE', KEYS[3], 0, last) }
        """
    );

    // The entries and successes, and their names in the indexes.
    private static readonly RedisScript RemovePart = new(
        """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        local prefix = tonumber(ARGV[2])
        local targets, names = {}, {}
        for i = 4, #KEYS do
          targets[#targets + 1] = KEYS[i]
          names[#names + 1] = string.sub(KEYS[i], prefix + 1)
        end
        redis.call('UNLINK', unpack(targets))
        redis.call('ZREM', KEYS[2], unpack(names))
        redis.call('ZREM', KEYS[3], unpack(names))
        return 1
        """
    );

    /// <summary>
    /// Removes what a user stored, part by part, with rests between, so that Redis is free at least half of the time. What is removed
    /// when it is cancelled stays so.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellation">Ends it between two parts.</param>
    /// <param name="removed">Told of each part how many entries it had.</param>
    /// <returns>False if another replica is at it.</returns>
    public async Task<bool> RemoveAllAsync(string userId, CancellationToken cancellation, Action<int>? removed = null)
    {
        while (true)
        {
            var began = Stopwatch.GetTimestamp();
            if (await RemovePartAsync(userId) is not { } part)
            {
                return false;
            }

            removed?.Invoke(part.Entries);
            if (part is { Entries: 0, Successes: 0 })
            {
                return true;
            }

            await Task.Delay(Stopwatch.GetElapsedTime(began), time, cancellation);
        }
    }

    /// <returns>How much was removed, nothing if nothing is left; null if another replica is at it.</returns>
    private async Task<(int Entries, int Successes)?> RemovePartAsync(string userId)
    {
        var (lease, entries, successes) = (keys.DeletionLease(userId), keys.Keys(userId), keys.DoneIndex(userId));
        var part = await redis.WriteAsync(
            NextPart,
            [lease, entries, successes],
            [owner, (long)LeaseLifetime.TotalMilliseconds, PartLength],
            isLarge: false
        );
        if (part.IsNull)
        {
            return null;
        }

        var (names, hashes) = ((byte[][])part[0]!, (byte[][])part[1]!);
        await RemoveAsync(
            [lease, entries, keys.Expiry(userId), .. names.Select(name => keys.Data(userId, name))],
            keys.DataPrefixLength(userId)
        );
        await RemoveAsync(
            [lease, successes, successes, .. hashes.Select(hash => keys.Done(userId, hash))],
            keys.DonePrefixLength(userId)
        );
        return (names.Length, hashes.Length);
    }

    /// <summary>Says that nothing of a user is left to be removed.</summary>
    public async Task FinishAsync(string userId)
    {
        await redis.DeleteAsync(keys.Expiry(userId));
        await redis.DeleteHashFieldAsync(keys.Deletions, userId);
        await redis.DeleteAsync(keys.DeletionLease(userId));
    }

    private Task RemoveAsync(RedisKey[] names, int prefixLength)
    {
        const int First = 3;
        return names.Length == First
            ? Task.CompletedTask
            : redis.WriteAsync(RemovePart, names, [owner, prefixLength], isLarge: false);
    }
}

/// <summary>A user who is deleted, as Redis notes it: <c>milliseconds email username</c>.</summary>
internal sealed record Deletion(string UserId, string Username, string Email, DateTimeOffset Since)
{
    public string Text =>
        string.Create(CultureInfo.InvariantCulture, $"{Since.ToUnixTimeMilliseconds()} {Email} {Username}");

    /// <summary>Reads a note; null if it is none.</summary>
    public static Deletion? Parse(string userId, string text) =>
        text.Split(' ') is [var since, var email, var username]
        && long.TryParse(since, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
        && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? new Deletion(userId, username, email, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds))
            : null;
}
