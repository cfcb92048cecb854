using System.Collections.Concurrent;
using System.Diagnostics;
using FastKv.Tests.Harness;

namespace FastKv.Tests.History;

/// <summary>
/// Clients that read and write a few groups of keys through any replica, one by one and in batches, and the record of every call.
/// The groups change every two seconds, so that each history stays short enough to search.
/// </summary>
/// <param name="ports">Where the replicas listen now; the nemesis changes it.</param>
internal sealed class Recorder(Func<int[]> ports, string? token)
{
    private const int Groups = 4;
    private static readonly string[] Members = ["a", "b", "c"];
    private static readonly long EpochTicks = 2 * Stopwatch.Frequency;
    private static readonly Kind[] BatchKinds = [Kind.Create, Kind.Update, Kind.Upsert, Kind.Upsert, Kind.Delete];

    private readonly WireClients clients = new(ports, token);
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Operation>> histories = new();
    private readonly ConcurrentDictionary<string, string> lastSeen = new();
    private readonly ConcurrentDictionary<string, int> answers = new();
    private readonly ConcurrentQueue<string> illegal = new();
    private int lastValue;
    private int repeated;

    /// <summary>Answers outside the contract.</summary>
    public IReadOnlyCollection<string> Illegal => illegal;

    public int Recorded => histories.Values.Sum(history => history.Count);

    /// <summary>Every key that may be there.</summary>
    public IEnumerable<string> Keys => histories.Keys.SelectMany(KeysOf);

    public string Summary =>
        $"{Recorded} calls on {histories.Count} groups of keys, "
        + $"{histories.Values.Sum(h => h.Count(o => o.IsUnknown))} unknown, {repeated} sent again; "
        + string.Join(", ", answers.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key}: {s.Value}"));

    /// <summary>Runs clients until they are told to stop.</summary>
    public Task RunAsync(int count, int seed, CancellationToken stop) =>
        Task.WhenAll(
            Enumerable.Range(0, count).Select(i => Task.Run(() => ClientAsync(new Random(seed + i), stop), stop))
        );

    /// <summary>Reads every key, so that a lost write shows though nobody read it meanwhile.</summary>
    public Task ReadAllAsync() =>
        Parallel.ForEachAsync(
            histories.Keys,
            new ParallelOptions { MaxDegreeOfParallelism = 4 },
            async (group, _) =>
            {
                Step[] reads = [.. KeysOf(group).Select(key => new Step(Kind.Read, key))];
                await CallAsync(new Random(0), group, Call.BatchOf(reads));
                await CallAsync(new Random(0), group, Call.Of(reads[0]));
            }
        );

    /// <summary>The groups of keys whose calls nothing can have answered that keeps the contract, with their calls.</summary>
    public IReadOnlyList<string> Violations() =>
        [
            .. histories
                .Where(history => !Linearizability.Holds(history.Value))
                .Select(history =>
                    $"history of {history.Key}:\n  " + string.Join("\n  ", history.Value.OrderBy(o => o.Start))
                ),
        ];

    private static IEnumerable<string> KeysOf(string group) => Members.Select(member => $"{group}-{member}");

    private async Task ClientAsync(Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var group = $"e{Stopwatch.GetTimestamp() / EpochTicks}-{random.Next(Groups)}";
            await CallAsync(random, group, NextCall(random, [.. KeysOf(group)]));
            await Task.Delay(random.Next(15), CancellationToken.None);
        }
    }

    private Call NextCall(Random random, string[] keys)
    {
        random.Shuffle(keys);
        var some = keys[..random.Next(2, keys.Length + 1)];
        return random.Next(10) switch
        {
            0 => Call.BatchOf([.. some.Select(key => new Step(Kind.Read, key))]),
            1 or 2 => Call.BatchOf([
                .. some.Select(key => NextStep(random, BatchKinds[random.Next(BatchKinds.Length)], key)),
            ]),
            _ => Call.Of(NextStep(random, (Kind)random.Next(7), keys[0])),
        };
    }

    private Step NextStep(Random random, Kind kind, string key) =>
        new(
            kind,
            key,
            kind switch
            {
                Kind.Read or Kind.Delete => null,
                Kind.Increment or Kind.Count => $"{random.Next(1, 10)}",
                // Each is another, and most are far enough apart to be told from sums.
                _ => Interlocked.Increment(ref lastValue) is var number && number % 8 == 0
                    ? $"v{number}"
                    : $"{number * 1000}",
            },
            kind is Kind.Read or Kind.Create || random.Next(2) == 0 ? null
                : random.Next(6) == 0 ? "*"
                : lastSeen.GetValueOrDefault(key)
        );

    private async Task CallAsync(Random random, string group, Call call)
    {
        var history = histories.GetOrAdd(group, _ => new());
        if (call.IsRead || random.Next(2) == 0)
        {
            if (await clients.SendOnceAsync(random, call) is { } once)
            {
                Record(history, call, once);
            }
        }
        else
        {
            var sent = await clients.SendUntilAnsweredAsync(random, call, ApiClient.NewName());
            if (sent.FirstUnknown is not null)
            {
                Interlocked.Increment(ref repeated);
            }

            if (sent.Reply is { IsReplayed: true } && sent.FirstUnknown is null)
            {
                illegal.Enqueue($"{call} was sent once and got {sent.Reply}");
            }

            Record(history, call, sent);
        }
    }

    private void Record(ConcurrentQueue<Operation> history, Call call, Sent sent)
    {
        var reply = sent.Reply;
        var isUnknown = !call.IsRead && (reply is null or { Status: 504 });
        var isSuccess = reply is { Status: 200 or 201 };
        var answer = reply is { Status: 200 or 201 or 404 or 409 or 412 } ? DataProtocol.AnswerOf(call, reply) : null;
        Count(answer?.Split(' ')[0] ?? $"{reply?.Status ?? 0}");

        // What succeeds with an Idempotency-Key was done once, whichever time; else an earlier time may still be to come.
        if (isUnknown || sent.FirstUnknown is not null && !isSuccess)
        {
            history.Enqueue(new Operation(call, null, sent.FirstUnknown ?? sent.Start, sent.End));
        }

        if (answer is not null)
        {
            // A replayed answer is that of an earlier time.
            var start = reply!.IsReplayed ? sent.FirstUnknown ?? sent.Start : sent.Start;
            Remember(call, answer);
            history.Enqueue(new Operation(call, answer, start, sent.End));
        }
        else if (!isUnknown && reply is not (null or { Status: 503 }))
        {
            illegal.Enqueue($"{call} got {reply}");
        }
    }

    private void Count(string answer) => answers.AddOrUpdate(answer, 1, (_, count) => count + 1);

    // For conditions that have a chance to hold.
    private void Remember(Call call, string answer)
    {
        var words = answer.Split(' ');
        foreach (var step in call.Steps)
        {
            if (words[0] is "200" or "201" && step.Kind != Kind.Delete)
            {
                var value = !call.IsBatch && words.Length > 1 ? words[1] : step.Value;
                if (value is not null)
                {
                    lastSeen[step.Key] = value;
                }
            }
        }
    }
}
