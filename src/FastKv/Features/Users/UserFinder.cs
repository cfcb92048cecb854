using System.Globalization;
using FastKv.Auth;
using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Features.Users;

/// <summary>
/// Finds users for an operator, by any of their names: also those who are deleted and of whom something is still stored.
/// </summary>
internal sealed class UserFinder(RedisCommands redis, RedisKeys keys, AccountDeletions deletions, StoreScan scan)
{
    // All but the hash of the password, which nobody is shown.
    private static readonly RedisValue[] Fields =
    [
        "user_id",
        "username",
        "email",
        "full_name",
        "age",
        "gender",
        "created_at",
        "password_changed_at",
    ];

    /// <summary>Finds a user by the username, in any case; null if there is none.</summary>
    public async Task<FoundUser?> ByUsernameAsync(string username)
    {
        var name = AccountName.Fold(username);
        return await ReadAsync(name) is { UserId: { } userId } user
            ? new FoundUser(userId, user, await NoteOfAsync(userId))
            : Of(await DeletedAsync(note => AccountName.Fold(note.Username) == name));
    }

    /// <summary>Finds a user by the email address, in any case; null if there is none.</summary>
    public async Task<FoundUser?> ByEmailAsync(string email)
    {
        var address = AccountName.Fold(email);
        return
            EmailClaim.Parse(await redis.GetAsync(keys.Email(address))) is { } claim
            && await ReadAsync(claim.Username) is { UserId: { } userId, Email: { } own } user
            && AccountName.Fold(own) == address
            ? new FoundUser(userId, user, await NoteOfAsync(userId))
            : Of(await DeletedAsync(note => AccountName.Fold(note.Email) == address));
    }

    /// <summary>
    /// Finds a user by the user_id: all users are looked at, because nothing leads from there to the name. Null if there is none of
    /// this id, and no deletion of one is noted.
    /// </summary>
    /// <param name="userId">The user_id.</param>
    /// <param name="looked">Told of each step how many users it had.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    public async Task<FoundUser?> ByIdAsync(string userId, Action<int> looked, CancellationToken cancellation)
    {
        await foreach (var names in ListAsync("", cancellation))
        {
            looked(names.Count);
            if (names.FirstOrDefault(user => user.UserId == userId) is { } user)
            {
                return new FoundUser(userId, user, await NoteOfAsync(userId));
            }
        }

        return Of(await NoteOfAsync(userId));
    }

    /// <summary>All users, step by step: in no order, and one may come twice.</summary>
    /// <param name="prefix">What their usernames begin with, in any case.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    public async IAsyncEnumerable<IReadOnlyList<StoredUser>> ListAsync(
        string prefix,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var start = keys.User("").ToString();
        await foreach (var page in scan.KeysAsync($"{start}{AccountName.Fold(prefix)}*", cancellation))
        {
            var users = await Task.WhenAll(page.Select(key => ReadAsync(key.ToString()[start.Length..])));
            yield return [.. users.OfType<StoredUser>()];
        }
    }

    /// <summary>What is stored of a user, by the folded name; null if nothing is, or if it is no hash.</summary>
    public async Task<StoredUser?> ReadAsync(string foldedUsername)
    {
        RedisValue[] values;
        try
        {
            values = await redis.GetHashFieldsAsync(keys.User(foldedUsername), Fields);
        }
        catch (StoreUnavailableException unfit) when (unfit.Reason == nameof(RedisErrorKind.WrongType))
        {
            return null;
        }

        return values.All(value => value.IsNull)
            ? null
            : new StoredUser(
                values[0],
                values[1],
                values[2],
                values[3],
                !values[4].IsNull && values[4].TryParse(out int age) ? age : null,
                values[5],
                MomentOf(values[6]),
                values[7].TryParse(out long changed) && changed > 0
                    ? DateTimeOffset.FromUnixTimeMilliseconds(changed)
                    : null
            );
    }

    private async Task<Deletion?> NoteOfAsync(string userId) =>
        (string?)await redis.GetHashFieldAsync(keys.Deletions, userId) is { } note
            ? Deletion.Parse(userId, note) ?? new Deletion(userId, "", "", DateTimeOffset.UnixEpoch)
            : null;

    private async Task<Deletion?> DeletedAsync(Func<Deletion, bool> isMeant) =>
        (await deletions.ListAsync()).FirstOrDefault(isMeant);

    private static FoundUser? Of(Deletion? note) => note is null ? null : new FoundUser(note.UserId, null, note);

    private static DateTimeOffset? MomentOf(RedisValue text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment)
            ? moment
            : null;
}

/// <summary>A user who was looked for.</summary>
/// <param name="UserId">The opaque id under which the user's data are kept.</param>
/// <param name="User">What is stored of the user; null if the user is gone, and only data are left.</param>
/// <param name="Deletion">That the user is deleted and not everything is removed yet; null if not so.</param>
internal sealed record FoundUser(string UserId, StoredUser? User, Deletion? Deletion);

/// <summary>What is stored of a user, without the hash of the password. A member that is missing or can't be read is null.</summary>
internal sealed record StoredUser(
    string? UserId,
    string? Username,
    string? Email,
    string? FullName,
    int? Age,
    string? Gender,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? PasswordChangedAt
);
