using FastKv.Features.Data;
using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Admin;

/// <summary>Whether the indexes of a user's keys and expiries agree with the values.</summary>
internal sealed class EntryCheck(
    RedisCommands redis,
    RedisKeys keys,
    StoreScan scan,
    Findings findings,
    bool repairs,
    CancellationToken cancellation
) : IndexCheck(redis, scan, findings, repairs, cancellation)
{
    private static readonly RedisScript Script = RedisScript.Load("check", "check_entries");

    /// <summary>Looks at every name of the index of keys.</summary>
    public Task CheckIndexAsync(string userId) => WalkAsync(keys.Keys(userId), userId, "index");

    /// <summary>Looks at every name of the index of expiries.</summary>
    public Task CheckExpiryAsync(string userId) => WalkAsync(keys.Expiry(userId), userId, "expiry");

    /// <summary>Looks at values that a walk has met.</summary>
    /// <param name="userId">Whose they are.</param>
    /// <param name="names">The user's keys.</param>
    public async Task CheckValuesAsync(string userId, IEnumerable<ReadOnlyMemory<byte>> names)
    {
        foreach (var some in Some(names))
        {
            var reachable = some.ToLookup(name => DataKey.TryCreate(name.Span, out _));
            await LookAsync(userId, reachable[true], "values");
            await LookAsync(userId, reachable[false], "values", areUnreachable: true);
        }
    }

    private async Task WalkAsync(RedisKey index, string userId, string source)
    {
        await foreach (var some in NamesOfAsync(index))
        {
            await LookAsync(userId, some, source);
        }
    }

    private Task LookAsync(
        string userId,
        IEnumerable<ReadOnlyMemory<byte>> names,
        string source,
        bool areUnreachable = false
    ) =>
        LookAsync(
            Script,
            [keys.Keys(userId), keys.Expiry(userId)],
            [.. names.Select(name => keys.Data(userId, name.Span))],
            keys.DataPrefixLength(userId),
            source,
            areUnreachable
        );
}
