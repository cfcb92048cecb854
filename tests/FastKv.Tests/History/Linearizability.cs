namespace FastKv.Tests.History;

/// <summary>
/// Decides whether the calls on one key can be put in an order in which each takes effect between its start and its end and
/// gets the answer of a register with create-if-absent, update-if-present, delete and read. The search is that of Wing and
/// Gong ("Testing and Verifying Concurrent Objects", 1993) with the memory of Lowe ("Testing for Linearizability", 2017): no
/// pair of calls done and value reached is looked at twice.
/// </summary>
internal static class Linearizability
{
    public static bool Holds(IEnumerable<Operation> operations)
    {
        var history = operations.OrderBy(operation => operation.Start).ToArray();
        var required = history.Count(operation => operation.Outcome != Outcome.Unknown);
        var seen = new HashSet<Position>();
        var path = new Stack<Step>();
        var here = new Position(new ulong[(history.Length + 63) / 64], null);
        path.Push(new Step(here, 0, Candidates(history, here)));
        while (path.TryPeek(out var step))
        {
            if (step.RequiredDone == required)
            {
                return true;
            }

            if (!step.Next.MoveNext())
            {
                path.Pop();
                continue;
            }

            var (index, value) = step.Next.Current;
            var reached = step.At.With(index, value);
            if (seen.Add(reached))
            {
                var done = step.RequiredDone + (history[index].Outcome == Outcome.Unknown ? 0 : 1);
                path.Push(new Step(reached, done, Candidates(history, reached)));
            }
        }

        return false;
    }

    private sealed record Step(Position At, int RequiredDone, IEnumerator<(int Index, string? Value)> Next);

    // The calls that can be the next to take effect, and the value after each; those that must take effect come first.
    private static IEnumerator<(int Index, string? Value)> Candidates(Operation[] history, Position position)
    {
        var open = new List<int>();
        var earliestDeadline = long.MaxValue;
        for (var i = 0; i < history.Length && history[i].Start <= earliestDeadline; i++)
        {
            if (!position.Has(i))
            {
                open.Add(i);
                earliestDeadline = Math.Min(earliestDeadline, history[i].Deadline);
            }
        }

        foreach (var i in open.OrderBy(i => history[i].Outcome == Outcome.Unknown).ThenBy(i => history[i].Deadline))
        {
            if (TryApply(history[i], position.Value, out var after))
            {
                yield return (i, after);
            }
        }
    }

    private static bool TryApply(Operation operation, string? before, out string? after)
    {
        var isThere = before is not null;
        var takesEffect = operation.Kind switch
        {
            Kind.Create => !isThere,
            Kind.Update or Kind.Delete => isThere,
            _ => isThere && before == operation.Value,
        };
        after = (operation.Kind, takesEffect) switch
        {
            (Kind.Create or Kind.Update, true) => operation.Value,
            (Kind.Delete, true) => null,
            _ => before,
        };
        return operation.Outcome switch
        {
            Outcome.Done => takesEffect,
            Outcome.Refused => operation.Kind == Kind.Read ? !isThere : !takesEffect,
            // Without an effect it is as if it never happened, which needs no step.
            _ => takesEffect && operation.Kind != Kind.Read,
        };
    }

    /// <summary>Which calls have taken effect, and the value after them.</summary>
    private readonly struct Position(ulong[] done, string? value) : IEquatable<Position>
    {
        private readonly ulong[] done = done;

        public string? Value { get; } = value;

        public bool Has(int index) => (done[index / 64] >> (index % 64) & 1) != 0;

        public Position With(int index, string? newValue)
        {
            var more = (ulong[])done.Clone();
            more[index / 64] |= 1UL << (index % 64);
            return new Position(more, newValue);
        }

        public bool Equals(Position other) => Value == other.Value && done.AsSpan().SequenceEqual(other.done);

        public override bool Equals(object? other) => other is Position position && Equals(position);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Value);
            foreach (var word in done)
            {
                hash.Add(word);
            }

            return hash.ToHashCode();
        }
    }
}
