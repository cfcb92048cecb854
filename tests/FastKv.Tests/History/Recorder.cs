using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;

namespace FastKv.Tests.History;

/// <summary>
/// Clients that read and write a few keys through any replica, and the record of every call. The keys change every two seconds,
/// so that each history stays short enough to search.
/// </summary>
/// <param name="ports">Where the replicas listen now; the nemesis changes it.</param>
internal sealed class Recorder(Func<int[]> ports, string? token)
{
    private const int Keys = 4;
    private static readonly long EpochTicks = 2 * Stopwatch.Frequency;

    private readonly ConcurrentDictionary<string, ConcurrentQueue<Operation>> histories = new();
    private readonly ConcurrentDictionary<int, int> statuses = new();
    private readonly ConcurrentQueue<string> illegal = new();
    private int lastValue;

    /// <summary>Answers outside the contract.</summary>
    public IReadOnlyCollection<string> Illegal => illegal;

    public int Recorded => histories.Values.Sum(history => history.Count);

    public string Summary =>
        $"{Recorded} calls on {histories.Count} keys, {histories.Values.Sum(h => h.Count(o => o.Outcome == Outcome.Unknown))} unknown; "
        + string.Join(", ", statuses.OrderBy(s => s.Key).Select(s => $"{s.Key}: {s.Value}"));

    /// <summary>Runs clients until they are told to stop; then every key is read once more.</summary>
    public async Task RunAsync(int clients, int seed, CancellationToken stop)
    {
        await Task.WhenAll(
            Enumerable.Range(0, clients).Select(i => Task.Run(() => ClientAsync(new Random(seed + i), stop), stop))
        );
    }

    /// <summary>Reads every key, so that a lost write shows though nobody read it meanwhile.</summary>
    public Task ReadAllAsync() =>
        Parallel.ForEachAsync(
            histories.Keys,
            new ParallelOptions { MaxDegreeOfParallelism = 4 },
            async (key, _) => await CallAsync(new Random(0), key, Kind.Read)
        );

    /// <summary>The keys whose calls no register can have answered, with their calls.</summary>
    public IReadOnlyList<string> Violations() =>
        [
            .. histories
                .Where(history => !Linearizability.Holds(history.Value))
                .Select(history =>
                    $"{history.Key}:\n"
                    + string.Join(
                        '\n',
                        history
                            .Value.OrderBy(operation => operation.Start)
                            .Select(o => $"  {o.Start}..{o.End} {o.Kind} {o.Value} {o.Outcome}")
                    )
                ),
        ];

    private async Task ClientAsync(Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var key = $"e{Stopwatch.GetTimestamp() / EpochTicks}-{random.Next(Keys)}";
            await CallAsync(random, key, (Kind)random.Next(4));
            await Task.Delay(random.Next(15), CancellationToken.None);
        }
    }

    private async Task CallAsync(Random random, string key, Kind kind)
    {
        var value = kind is Kind.Create or Kind.Update ? $"v{Interlocked.Increment(ref lastValue)}" : null;
        var (method, path, body) = kind switch
        {
            Kind.Create => ("POST", "/api/data", $$"""{"key":"{{key}}","value":"{{value}}"}"""),
            Kind.Update => ("PUT", ApiClient.PathOf(key), $$"""{"value":"{{value}}"}"""),
            Kind.Delete => ("DELETE", ApiClient.PathOf(key), null),
            _ => ("GET", ApiClient.PathOf(key), null),
        };
        var replicas = ports();
        var start = Stopwatch.GetTimestamp();
        (int Status, string Body)? reply;
        try
        {
            reply = await WireClient.SendAsync(replicas[random.Next(replicas.Length)], method, path, token, body);
        }
        catch (NotSentException)
        {
            return;
        }

        var end = Stopwatch.GetTimestamp();
        statuses.AddOrUpdate(reply?.Status ?? 0, 1, (_, count) => count + 1);
        if (OutcomeOf(kind, reply) is { } outcome)
        {
            var seen =
                kind == Kind.Read && outcome == Outcome.Done
                    ? JsonNode.Parse(reply!.Value.Body)!["data"]!["value"]!.GetValue<string>()
                    : value;
            histories.GetOrAdd(key, _ => new()).Enqueue(new Operation(kind, seen, outcome, start, end));
        }
    }

    // Null if the call certainly did nothing: it says so (503), or it was a read.
    private Outcome? OutcomeOf(Kind kind, (int Status, string Body)? reply)
    {
        switch (reply?.Status, kind)
        {
            case (201, Kind.Create) or (200, not Kind.Create):
                return Outcome.Done;
            case (409, Kind.Create) or (404, not Kind.Create):
                return Outcome.Refused;
            case (503, _) or (null, Kind.Read):
                return null;
            case (504, not Kind.Read) or (null, _):
                return Outcome.Unknown;
            default:
                illegal.Enqueue($"{kind} got {reply}");
                return Outcome.Unknown;
        }
    }
}
