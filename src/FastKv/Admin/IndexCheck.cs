using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Admin;

/// <summary>
/// Whether a user's indexes and what is stored agree. Names come from a walk, during which the service goes on writing, so a script
/// looks at some of them again and holds both sides while it does: what it finds was so at one instant, and what it repairs still is.
/// </summary>
internal abstract class IndexCheck(
    RedisCommands redis,
    StoreScan scan,
    Findings findings,
    bool repairs,
    CancellationToken cancellation
)
{
    /// <summary>Names that one script looks at: about a millisecond, during which others wait.</summary>
    private const int MaximumTogether = 200;

    private long looked;

    /// <summary>How many names were looked at.</summary>
    public long Looked => Volatile.Read(ref looked);

    /// <summary>The names in an index, as many together as one script looks at. None if it is of another type, which is told.</summary>
    protected async IAsyncEnumerable<ReadOnlyMemory<byte>[]> NamesOfAsync(RedisKey index)
    {
        if (await redis.TypeAsync(index) is not (RedisType.SortedSet or RedisType.None))
        {
            findings.Add(FindingKind.WrongType, index);
            yield break;
        }

        await foreach (var page in scan.MembersAsync(index, cancellation))
        {
            foreach (var some in Some(page.Select(member => (ReadOnlyMemory<byte>)member.Element)))
            {
                yield return some;
            }
        }
    }

    /// <summary>Names, as many together as one script looks at.</summary>
    protected static IEnumerable<ReadOnlyMemory<byte>[]> Some(IEnumerable<ReadOnlyMemory<byte>> names) =>
        names.Chunk(MaximumTogether);

    /// <summary>Has a script look at names, and tells what it finds.</summary>
    /// <param name="script">One that begins with check.lua.</param>
    /// <param name="indexes">The user's indexes that it looks at.</param>
    /// <param name="names">What it looks at in the store.</param>
    /// <param name="prefixLength">Bytes of these names that stand before what an index has of them.</param>
    /// <param name="source">Where the names come from, in the script's words.</param>
    /// <param name="areUnreachable">Whether no request can have the names: then nothing is repaired.</param>
    protected async Task LookAsync(
        RedisScript script,
        RedisKey[] indexes,
        RedisKey[] names,
        int prefixLength,
        string source,
        bool areUnreachable = false
    )
    {
        if (names.Length == 0)
        {
            return;
        }

        Interlocked.Add(ref looked, names.Length);
        var repair = repairs && !areUnreachable;
        RedisKey[] all = [.. indexes, .. names];
        RedisValue[] arguments = [prefixLength, source, repair ? "1" : "0"];
        var found = (RedisResult[])
            (
                await (
                    repair
                        ? redis.WriteAsync(script, all, arguments, isLarge: false)
                        : redis.ReadAsync(script, all, arguments)
                )
            )!;
        foreach (var pair in found.Chunk(2))
        {
            var kind = FindingKind.Of(pair[1].ToString());
            kind = areUnreachable && kind == FindingKind.ValueWithoutIndex ? FindingKind.UnreachableValue : kind;
            findings.Add(kind, names[(int)pair[0] - 1], repair && kind.Repair is not null);
        }
    }
}
