using System.Runtime.CompilerServices;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Walks what may be of any size, in steps that keep Redis busy for less than a millisecond each (<c>SCAN</c>, <c>ZSCAN</c>). What is
/// there during the whole walk is met at least once, and perhaps twice; what comes or goes meanwhile is met or not.
/// </summary>
internal sealed class StoreScan(RedisConnection connection)
{
    /// <summary>Names of one step.</summary>
    public const int PageLength = 500;

    /// <summary>How many keys there are, of this service and of others, on all masters.</summary>
    /// <exception cref="StoreUnavailableException">A master is away, or refuses.</exception>
    public async Task<long> CountKeysAsync()
    {
        long count = 0;
        foreach (var server in Masters())
        {
            count += await Read(() => server.DatabaseSizeAsync(connection.Database.Database));
        }

        return count;
    }

    /// <summary>The names of all keys that match, of every master. A step of which none does is an empty page.</summary>
    /// <param name="pattern">As <c>SCAN … MATCH</c> takes it.</param>
    /// <param name="cancellation">Ends the walk between two steps.</param>
    /// <exception cref="StoreUnavailableException">The walk broke off.</exception>
    public async IAsyncEnumerable<IReadOnlyList<RedisKey>> KeysAsync(
        string pattern,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        foreach (var server in Masters())
        {
            var cursor = "0";
            do
            {
                cancellation.ThrowIfCancellationRequested();
                object[] arguments = [cursor, "MATCH", pattern, "COUNT", PageLength];
                var reply = await Read(() =>
                    server.ExecuteAsync(connection.Database.Database, "SCAN", arguments, CommandFlags.None)
                );
                cursor = reply[0].ToString();
                yield return (RedisKey[])reply[1]!;
            } while (cursor != "0");
        }
    }

    /// <summary>The members of a sorted set, with their scores.</summary>
    /// <inheritdoc cref="KeysAsync"/>
    public IAsyncEnumerable<IReadOnlyList<SortedSetEntry>> MembersAsync(RedisKey key, CancellationToken cancellation) =>
        PagesAsync(connection.Database.SortedSetScanAsync(key, pageSize: PageLength), cancellation);

    private static async IAsyncEnumerable<IReadOnlyList<T>> PagesAsync<T>(
        IAsyncEnumerable<T> items,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await using var walk = items.GetAsyncEnumerator(cancellation);
        var page = new List<T>(PageLength);
        while (await Read(() => walk.MoveNextAsync().AsTask()))
        {
            page.Add(walk.Current);
            if (page.Count == PageLength)
            {
                yield return page;
                page = new List<T>(PageLength);
                cancellation.ThrowIfCancellationRequested();
            }
        }

        if (page.Count > 0)
        {
            yield return page;
        }
    }

    private IServer[] Masters()
    {
        var masters = connection.Database.Multiplexer.GetServers().Where(server => !server.IsReplica).ToArray();

        // One that is away would be left out, and what it has taken for not there.
        return masters.All(server => server.IsConnected)
            ? masters
            : throw new StoreUnavailableException("NoConnection");
    }

    private static async Task<T> Read<T>(Func<Task<T>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception fault)
            when (fault is not OperationCanceledException && StoreFault.Classify(fault, CommandKind.Read) is { } outage)
        {
            throw outage;
        }
    }
}
