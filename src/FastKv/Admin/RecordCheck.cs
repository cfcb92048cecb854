using FastKv.Redis;

namespace FastKv.Admin;

/// <summary>Whether the index of a user's Idempotency-Keys agrees with what is remembered of them.</summary>
internal sealed class RecordCheck(
    RedisCommands redis,
    RedisKeys keys,
    StoreScan scan,
    Findings findings,
    bool repairs,
    CancellationToken cancellation
) : IndexCheck(redis, scan, findings, repairs, cancellation)
{
    private static readonly RedisScript Script = RedisScript.Load("check", "check_records");

    /// <summary>Looks at every name of the index.</summary>
    public async Task CheckIndexAsync(string userId)
    {
        await foreach (var some in NamesOfAsync(keys.DoneIndex(userId)))
        {
            await LookAsync(userId, some, "index");
        }
    }

    /// <summary>Looks at records that a walk has met.</summary>
    /// <param name="userId">Whose they are.</param>
    /// <param name="hashes">Hashes of the Idempotency-Keys.</param>
    public async Task CheckRecordsAsync(string userId, IEnumerable<ReadOnlyMemory<byte>> hashes)
    {
        foreach (var some in Some(hashes))
        {
            await LookAsync(userId, some, "records");
        }
    }

    private Task LookAsync(string userId, ReadOnlyMemory<byte>[] hashes, string source) =>
        LookAsync(
            Script,
            [keys.DoneIndex(userId)],
            [.. hashes.Select(hash => keys.Done(userId, hash.Span))],
            keys.DonePrefixLength(userId),
            source
        );
}
