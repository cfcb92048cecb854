using System.Collections.Concurrent;

namespace FastKv.Load.Scenarios;

/// <summary>
/// What the scenarios share: accounts with tokens, keys stored before the run, and the keys that the run itself has
/// stored and may delete. Every name carries the run's own prefix, so that runs never meet.
/// </summary>
internal sealed class Workload
{
    private const int StoresInFlight = 16;
    private readonly IReadOnlyList<Account> accounts;
    private readonly string prefix;
    private readonly string[] values;
    private readonly int preparedKeys;
    private readonly ConcurrentQueue<Entry> deletable = new();
    private readonly ConcurrentQueue<string> registered = new();
    private readonly ConcurrentDictionary<string, bool> claimed = new();
    private long made;

    private Workload(string prefix, IReadOnlyList<Account> accounts, int preparedKeys, IReadOnlyList<int> valueSizes)
    {
        this.prefix = prefix;
        this.accounts = accounts;
        this.preparedKeys = preparedKeys;
        values = [.. valueSizes.Select(size => new string('v', size))];
    }

    /// <summary>A key, whose it is, and which of the sizes its value has.</summary>
    public sealed record Entry(Account Owner, string Key, string Value);

    public static async Task<Workload> PrepareAsync(
        HttpClient client,
        WorkloadOptions options,
        CancellationToken cancellation
    )
    {
        var prefix = $"load-{Guid.NewGuid().ToString("N")[..12]}";
        var accounts = new List<Account>();
        for (var number = 0; number < options.Accounts; number++)
        {
            accounts.Add(await AccountMaker.MakeAsync(client, $"{prefix}-{number}", cancellation));
        }

        var workload = new Workload(prefix, accounts, options.Keys, options.ValueSizes);
        var inFlight = new ParallelOptions
        {
            MaxDegreeOfParallelism = StoresInFlight,
            CancellationToken = cancellation,
        };
        await Parallel.ForAsync(
            0,
            options.Keys,
            inFlight,
            (index, stop) => workload.StoreFirstAsync(client, index, stop)
        );
        return workload;
    }

    /// <summary>What all names of this run begin with.</summary>
    public string Prefix => prefix;

    /// <summary>By key: the entity tag of what the last update of the key wrote.</summary>
    public ConcurrentDictionary<string, string> Versions { get; } = new();

    public string NextUsername() => $"{prefix}-n{Interlocked.Increment(ref made)}";

    /// <summary>Says that the run itself has registered this user.</summary>
    public void Registered(string username) => registered.Enqueue(username);

    /// <summary>Deletes all users that were made, and with them what they stored.</summary>
    /// <returns>How many could not be deleted, and why the last of them.</returns>
    public async Task<(int Left, string? Because)> DeleteAccountsAsync(
        HttpClient client,
        CancellationToken cancellation
    )
    {
        var (left, because) = (0, (string?)null);
        var users = accounts
            .Select(account => (account.Username, Token: (string?)account.Token))
            .Concat(registered.Select(username => (username, Token: (string?)null)));
        foreach (var (username, token) in users)
        {
            try
            {
                await AccountMaker.DeleteAsync(client, username, token, cancellation);
            }
            catch (Exception failure)
                when (failure is HttpRequestException or InvalidOperationException or OperationCanceledException)
            {
                (left, because) = (left + 1, failure.Message);
            }
        }

        return (left, because);
    }

    public Account AnyAccount() => accounts[Random.Shared.Next(accounts.Count)];

    public Entry AnyPrepared() => Prepared(Random.Shared.Next(preparedKeys));

    /// <summary>Prepared keys of one account, none twice: fewer if it has no more.</summary>
    public IReadOnlyList<Entry> AnyPrepared(int count)
    {
        var any = Random.Shared.Next(preparedKeys);
        var (first, ofOwner) = (any / accounts.Count, any % accounts.Count);
        var keysOfOwner = (preparedKeys - ofOwner + accounts.Count - 1) / accounts.Count;
        return
        [
            .. Enumerable
                .Range(first, Math.Min(count, keysOfOwner))
                .Select(number => Prepared(number % keysOfOwner * accounts.Count + ofOwner)),
        ];
    }

    /// <summary>A prepared key that nobody else updates until it is released, with a value of its size that it did not have yet.</summary>
    public Entry? ClaimPrepared()
    {
        var entry = AnyPrepared();
        return claimed.TryAdd(entry.Key, true) ? entry with { Value = NewValue(entry.Value.Length) } : null;
    }

    public void Release(Entry entry) => claimed.TryRemove(entry.Key, out _);

    /// <summary>A counter: as many as there are prepared keys.</summary>
    public (Account Owner, string Key) AnyCounter()
    {
        var index = Random.Shared.Next(preparedKeys);
        return (accounts[index % accounts.Count], $"{prefix}-c{index}");
    }

    /// <summary>Keys that only batches write, always the same ones of an account, and a new value for all of them.</summary>
    public (Account Owner, IEnumerable<string> Keys, string Value) AnyBatch(int count)
    {
        var size = values[Random.Shared.Next(values.Length)].Length;
        return (AnyAccount(), Enumerable.Range(0, count).Select(number => $"{prefix}-b{number}"), NewValue(size));
    }

    public Entry NextNew()
    {
        var number = Interlocked.Increment(ref made);
        return new Entry(
            accounts[(int)(number % accounts.Count)],
            $"{prefix}-n{number}",
            values[(int)(number % values.Length)]
        );
    }

    public void Stored(Entry entry) => deletable.Enqueue(entry);

    public Entry? TakeDeletable() => deletable.TryDequeue(out var entry) ? entry : null;

    private string NewValue(int size)
    {
        var number = $"{Interlocked.Increment(ref made)}";
        return number.Length < size ? number.PadRight(size, 'v') : number[^size..];
    }

    private Entry Prepared(int index) =>
        new(accounts[index % accounts.Count], $"{prefix}-k{index}", values[index % values.Length]);

    private async ValueTask StoreFirstAsync(HttpClient client, int index, CancellationToken cancellation)
    {
        var entry = Prepared(index);
        using var request = ApiRequests.Store(entry.Owner.Token, entry.Key, entry.Value);
        using var response = await client.DispatchAsync(request, cancellation);
        response.EnsureSuccessStatusCode();
    }
}
