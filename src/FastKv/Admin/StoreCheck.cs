using System.Security.Cryptography;
using System.Text;
using FastKv.Auth;
using FastKv.Features.Users;
using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Admin;

/// <summary>
/// Walks all keys, or those of one user, and has each looked at by what knows its kind. Nothing is held of them but, when all are
/// walked, a number of 8 bytes for each user.
/// </summary>
internal sealed class StoreCheck(
    AdminStore store,
    AdminConsole console,
    Findings findings,
    bool repairs,
    CancellationToken cancellation
)
{
    /// <summary>Users whose ids are remembered, to find data of nobody: 8 bytes each, about 40 with what a set takes.</summary>
    public const int MaximumUsers = 5_000_000;

    /// <summary>A deletion that is older has not been finished by the service.</summary>
    private static readonly TimeSpan DeletionTime = TimeSpan.FromHours(1);

    /// <summary>Keys that are looked at side by side: for each there are some round trips.</summary>
    private const int MaximumAtOnce = 16;

    private readonly Lock gate = new();
    private readonly EntryCheck entries = new(store.Redis, store.Keys, store.Scan, findings, repairs, cancellation);
    private readonly RecordCheck records = new(store.Redis, store.Keys, store.Scan, findings, repairs, cancellation);
    private readonly AccountCheck accounts = new(store.Redis, store.Keys, store.Users, findings, repairs);
    private readonly HashSet<ulong> owners = [];
    private readonly Dictionary<ulong, string> holders = [];
    private bool areAllOwnersKnown = true;
    private long users;
    private long steps;

    /// <summary>How many users, and names of their keys, were looked at.</summary>
    public (long Users, long Names) Looked => (users, entries.Looked + records.Looked);

    /// <summary>Checks one user.</summary>
    public async Task CheckAsync(FoundUser found)
    {
        if (found.User?.Username is { } username)
        {
            Own(await accounts.CheckUserAsync(AccountName.Fold(username)));
        }

        if (found.Deletion is not null)
        {
            await CheckDeletionsAsync(found.UserId);
        }

        await WalkAsync($"{store.Keys.Prefix}*{{{found.UserId}}}*", found.UserId);
        if (found is { User: null, Deletion: null } && holders.Count > 0)
        {
            findings.Add(FindingKind.DataWithoutUser, store.Keys.Keys(found.UserId));
        }
    }

    /// <summary>Checks everything.</summary>
    public async Task CheckAllAsync()
    {
        await CheckDeletionsAsync(null);
        await WalkAsync($"{store.Keys.Prefix}*", null);
        await CheckHoldersAsync();
    }

    private async Task WalkAsync(string pattern, string? onlyUserId)
    {
        var total = await store.Scan.CountKeysAsync();
        await foreach (var page in store.Scan.KeysAsync(pattern, cancellation))
        {
            steps++;
            console.Progress(() => Progress(total));
            var names = page.Select(key => (Key: key, Name: store.Keys.Parse(key)))
                .Where(key => key.Name is { } name && (onlyUserId is null || name.UserId == onlyUserId))
                .Select(key => (key.Key, Name: key.Name!.Value))
                .ToArray();
            await CheckTogetherAsync(names);
            foreach (var some in names.Chunk(MaximumAtOnce))
            {
                cancellation.ThrowIfCancellationRequested();
                await Task.WhenAll(some.Select(key => CheckAsync(key.Key, key.Name)));
            }
        }
    }

    /// <summary>What there may be much of, some at a time.</summary>
    private async Task CheckTogetherAsync((RedisKey Key, StoredName Name)[] names)
    {
        foreach (var ofUser in Of("data").GroupBy(key => key.Name.UserId!))
        {
            await entries.CheckValuesAsync(ofUser.Key, ofUser.Select(key => key.Name.Rest));
            Hold(ofUser.Key);
        }

        foreach (var ofUser in Of("done").GroupBy(key => key.Name.UserId!))
        {
            await records.CheckRecordsAsync(ofUser.Key, ofUser.Select(key => key.Name.Rest));
        }

        // An index has the same kind, and nothing behind the user. The warm-up's values are in no index: they expire.
        IEnumerable<(RedisKey Key, StoredName Name)> Of(string kind) =>
            names.Where(key =>
                key.Name.Kind == kind
                && key.Name is { UserId: { } userId, Rest.IsEmpty: false }
                && userId.All(char.IsAsciiLetterOrDigit)
            );
    }

    private async Task CheckAsync(RedisKey key, StoredName name)
    {
        switch (name)
        {
            case { Kind: "user", UserId: null }:
                Own(await accounts.CheckUserAsync(Encoding.UTF8.GetString(name.Rest.Span)));
                break;
            case { Kind: "email", UserId: null }:
                await accounts.CheckEmailAsync(key, Encoding.UTF8.GetString(name.Rest.Span));
                break;
            case { Kind: "keys", UserId: { } userId, Rest.IsEmpty: true }:
                Hold(userId);
                await entries.CheckIndexAsync(userId);
                break;
            case { Kind: "expiry", UserId: { } userId, Rest.IsEmpty: true }:
                await entries.CheckExpiryAsync(userId);
                break;
            case { Kind: "done", UserId: { } userId, Rest.IsEmpty: true }:
                await records.CheckIndexAsync(userId);
                break;
            case { Kind: "ended" or "deletion", UserId: not null, Rest.IsEmpty: true }:
                await CheckPassingAsync(key);
                break;
        }
    }

    /// <summary>A string that must expire.</summary>
    private async Task CheckPassingAsync(RedisKey key)
    {
        var type = await store.Redis.TypeAsync(key);
        if (type is not (RedisType.String or RedisType.None))
        {
            findings.Add(FindingKind.WrongType, key);
        }
        else if (
            type == RedisType.String
            && await store.Redis.TimeToLiveAsync(key) is null
            && await store.Redis.TypeAsync(key) == RedisType.String
        )
        {
            findings.Add(FindingKind.NoTtl, key);
        }
    }

    private async Task CheckDeletionsAsync(string? onlyUserId)
    {
        var type = await store.Redis.TypeAsync(store.Keys.Deletions);
        if (type is not (RedisType.Hash or RedisType.None))
        {
            findings.Add(FindingKind.WrongType, store.Keys.Deletions);
            return;
        }

        foreach (var note in await store.Redis.GetHashAsync(store.Keys.Deletions))
        {
            var userId = note.Name.ToString();
            if (onlyUserId is not null && onlyUserId != userId)
            {
                continue;
            }

            // The name of the field only: the note has the email address in it.
            var deletion = Deletion.Parse(userId, note.Value.ToString());
            if (deletion is null)
            {
                findings.Add(FindingKind.DeletionUnreadable, userId, (byte[])store.Keys.Deletions!);
            }
            else if (DateTimeOffset.UtcNow - deletion.Since > DeletionTime)
            {
                findings.Add(FindingKind.DeletionOverdue, userId, (byte[])store.Keys.Deletions!);
            }
        }
    }

    private void Own(string? userId)
    {
        lock (gate)
        {
            users++;
            areAllOwnersKnown &= owners.Count < MaximumUsers;
            if (userId is not null && areAllOwnersKnown)
            {
                owners.Add(NumberOf(userId));
            }
        }
    }

    private void Hold(string userId)
    {
        lock (gate)
        {
            if (areAllOwnersKnown && NumberOf(userId) is var number && !owners.Contains(number))
            {
                holders.TryAdd(number, userId);
            }
        }
    }

    /// <summary>
    /// Data whose user the walk has not met: users who registered meanwhile are looked for once more, deletions, too.
    /// </summary>
    private async Task CheckHoldersAsync()
    {
        if (!areAllOwnersKnown)
        {
            console.Tell(
                $"There are more than {AdminConsole.Number(MaximumUsers)} users, so it was not looked for data of nobody."
            );
            return;
        }

        foreach (var owner in owners)
        {
            holders.Remove(owner);
        }

        if (holders.Count == 0)
        {
            return;
        }

        await foreach (var page in store.Users.ListAsync("", cancellation))
        {
            foreach (var user in page.Where(user => user.UserId is not null))
            {
                holders.Remove(NumberOf(user.UserId!));
            }
        }

        foreach (var userId in holders.Values)
        {
            var index = store.Keys.Keys(userId);
            if (
                (await store.Redis.GetHashFieldAsync(store.Keys.Deletions, userId)).IsNull
                && await store.Redis.TypeAsync(index) == RedisType.SortedSet
            )
            {
                findings.Add(FindingKind.DataWithoutUser, index);
            }
        }
    }

    // Two ids do not meet in 64 bits, at this number.
    private static ulong NumberOf(string userId) =>
        BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(userId)));

    private string Progress(long total) =>
        $"walked about {AdminConsole.Number(Math.Min(steps * StoreScan.PageLength, total))} of {AdminConsole.Number(total)} keys; {AdminConsole.Number(findings.Found)} findings";
}
