using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using FastKv.Tests.Harness;

namespace FastKv.Tests.History;

/// <summary>
/// Clients that send each write with an Idempotency-Key until it is answered, some of them twice at once, and that hold against
/// what is there at the end that each was done once: a counter is the number of its increments, and what a client does to keys
/// that nobody else writes always succeeds, because it would be refused the second time.
/// </summary>
internal sealed class ExactlyOnce(Func<int[]> ports, string? token)
{
    private const int Counters = 3;

    private readonly WireClients wire = new(ports, token);
    private readonly ConcurrentDictionary<string, ConcurrentQueue<long>> sums = new();
    private readonly ConcurrentDictionary<string, string?> expected = new();
    private readonly ConcurrentQueue<string> violations = new();
    private int done;
    private int repeated;
    private int replayed;

    /// <summary>Every key that may be there.</summary>
    public IEnumerable<string> Keys => sums.Keys.Concat(expected.Keys);

    public IReadOnlyCollection<string> Violations => violations;

    public string Summary =>
        $"{done} writes to be done once, {repeated} sent again unknown, {replayed} answers replayed";

    /// <summary>Runs clients until they are told to stop and the last write of each is answered.</summary>
    public Task RunAsync(int count, int seed, CancellationToken stop) =>
        Task.WhenAll(
            Enumerable
                .Range(0, count)
                .Select(i => Task.Run(() => ClientAsync(i, new Random(seed + i), stop), CancellationToken.None))
        );

    /// <summary>Holds what is there against what was done.</summary>
    public async Task CheckAsync(ApiClient api)
    {
        foreach (var (counter, all) in sums)
        {
            var value = await ReadAsync(api, counter);
            if (
                value != $"{all.Count}"
                || !all.Order().SequenceEqual(Enumerable.Range(1, all.Count).Select(i => (long)i))
            )
            {
                violations.Enqueue(
                    $"once: {counter} holds {value} after {all.Count} increments with the sums {string.Join(' ', all.Order())}"
                );
            }
        }

        foreach (var (key, value) in expected)
        {
            if (await ReadAsync(api, key) is var found && found != value)
            {
                violations.Enqueue($"once: {key} holds {found ?? "nothing"} and not {value ?? "nothing"}");
            }
        }
    }

    private async Task<string?> ReadAsync(ApiClient api, string key)
    {
        Reply? reply = null;
        await Wait.UntilAsync(
            "the store answers",
            async () =>
                (reply = await api.GetAsync(ApiClient.PathOf(key), token)).Status != HttpStatusCode.ServiceUnavailable
        );
        return reply!.Json["data"]?["value"]?.GetValue<string>();
    }

    private async Task ClientAsync(int client, Random random, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            await (
                random.Next(3) switch
                {
                    0 => CountAsync(random, $"counter-{random.Next(Counters)}"),
                    1 => MoveAsync(random, $"own-{client}", $"{i}"),
                    _ => SwapAsync(random, $"left-{client}", $"right-{client}", $"{i}"),
                }
            );
            await Task.Delay(random.Next(20), CancellationToken.None);
        }
    }

    private async Task CountAsync(Random random, string counter)
    {
        var answer = await DoAsync(random, Call.Of(new Step(Kind.Count, counter, "1")));
        if (answer?.Split(' ') is ["200" or "201", var sum])
        {
            sums.GetOrAdd(counter, _ => new()).Enqueue(long.Parse(sum, CultureInfo.InvariantCulture));
        }
        else
        {
            violations.Enqueue($"once: an increment of {counter} got {answer}");
        }
    }

    // Stored if it is not there, else deleted: refused if it were done a second time.
    private Task MoveAsync(Random random, string key, string value) =>
        expected.GetValueOrDefault(key) is null
            ? WriteAsync(random, Call.Of(new Step(Kind.Create, key, value)), "201")
            : WriteAsync(random, Call.Of(new Step(Kind.Delete, key)), "200");

    // What is on one side moves to the other.
    private Task SwapAsync(Random random, string left, string right, string value) =>
        (expected.GetValueOrDefault(left), expected.GetValueOrDefault(right)) switch
        {
            (not null, _) => WriteAsync(random, Swap(left, right), "200"),
            (_, not null) => WriteAsync(random, Swap(right, left), "200"),
            _ => WriteAsync(random, Call.BatchOf(new Step(Kind.Create, left, value)), "200"),
        };

    private static Call Swap(string from, string to) =>
        Call.BatchOf(new Step(Kind.Delete, from), new Step(Kind.Create, to, "moved"));

    private async Task WriteAsync(Random random, Call call, string success)
    {
        var answer = await DoAsync(random, call);
        if (answer != success)
        {
            violations.Enqueue($"once: {call} got {answer ?? "no answer"}");
        }

        foreach (var step in call.Steps)
        {
            expected[step.Key] = step.Kind == Kind.Delete ? null : step.Value;
        }
    }

    private async Task<string?> DoAsync(Random random, Call call)
    {
        var key = ApiClient.NewName();
        var isTwice = random.Next(4) == 0;
        var sent = await Task.WhenAll(
            Enumerable
                .Range(0, isTwice ? 2 : 1)
                .Select(_ => wire.SendUntilAnsweredAsync(new Random(random.Next()), call, key))
        );
        var first = sent[0];
        Interlocked.Increment(ref done);
        Interlocked.Add(ref repeated, sent.Any(each => each.FirstUnknown is not null) ? 1 : 0);
        if (first.Reply is null || sent.Any(each => each.Reply?.Body != first.Reply.Body))
        {
            violations.Enqueue($"once: {call} got {string.Join(" and ", sent.Select(each => each.Reply))}");
            return null;
        }

        // Whoever sends it now hears that it was done before.
        if (random.Next(4) == 0)
        {
            var again = (await wire.SendUntilAnsweredAsync(random, call, key)).Reply;
            if (
                again is not { IsReplayed: true }
                || again.Status != first.Reply.Status
                || again.Body != first.Reply.Body
            )
            {
                violations.Enqueue($"once: {call} got {first.Reply} and then {again}");
            }
        }

        Interlocked.Add(ref replayed, sent.Count(each => each.Reply!.IsReplayed));
        if (sent.Count(each => !each.Reply!.IsReplayed) > 1)
        {
            violations.Enqueue($"once: {call} was done by each of two requests at once");
        }

        return DataProtocol.AnswerOf(call, first.Reply);
    }
}
