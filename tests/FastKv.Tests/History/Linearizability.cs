namespace FastKv.Tests.History;

/// <summary>
/// Decides whether the calls on a few keys can be put in an order in which each takes effect at one instant between its start and
/// its end, a batch as a whole, and gets the answer that the contract has for it there (<see cref="Entries.Apply"/>). The search
/// is that of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with the memory of Lowe ("Testing for
/// Linearizability", 2017): no pair of calls done and entries reached is looked at twice.
/// </summary>
internal static class Linearizability
{
    public static bool Holds(IEnumerable<Operation> operations)
    {
        var history = operations.OrderBy(operation => operation.Start).ToArray();
        var required = history.Count(operation => !operation.IsUnknown);
        var seen = new HashSet<Position>();
        var path = new Stack<Reached>();
        var here = new Position(new ulong[(history.Length + 63) / 64], Entries.None);
        path.Push(new Reached(here, 0, Candidates(history, here)));
        while (path.TryPeek(out var last))
        {
            if (last.RequiredDone == required)
            {
                return true;
            }

            if (!last.Next.MoveNext())
            {
                path.Pop();
                continue;
            }

            var (index, entries) = last.Next.Current;
            var reached = last.At.With(index, entries);
            if (seen.Add(reached))
            {
                var done = last.RequiredDone + (history[index].IsUnknown ? 0 : 1);
                path.Push(new Reached(reached, done, Candidates(history, reached)));
            }
        }

        return false;
    }

    private sealed record Reached(Position At, int RequiredDone, IEnumerator<(int Index, Entries Entries)> Next);

    // The calls that can be the next to take effect, and the entries after each; those that must take effect come first.
    private static IEnumerator<(int Index, Entries Entries)> Candidates(Operation[] history, Position position)
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

        foreach (var i in open.OrderBy(i => history[i].IsUnknown).ThenBy(i => history[i].Deadline))
        {
            var (answer, after) = position.Entries.Apply(history[i].Call);
            // What is unknown and has no effect is as if it never happened, which needs no step.
            if (history[i].IsUnknown ? !after.Equals(position.Entries) : answer == history[i].Answer)
            {
                yield return (i, after);
            }
        }
    }

    /// <summary>Which calls have taken effect, and the entries after them.</summary>
    private readonly struct Position(ulong[] done, Entries entries) : IEquatable<Position>
    {
        private readonly ulong[] done = done;

        public Entries Entries { get; } = entries;

        public bool Has(int index) => (done[index / 64] >> (index % 64) & 1) != 0;

        public Position With(int index, Entries after)
        {
            var more = (ulong[])done.Clone();
            more[index / 64] |= 1UL << (index % 64);
            return new Position(more, after);
        }

        public bool Equals(Position other) => Entries.Equals(other.Entries) && done.AsSpan().SequenceEqual(other.done);

        public override bool Equals(object? other) => other is Position position && Equals(position);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Entries);
            foreach (var word in done)
            {
                hash.Add(word);
            }

            return hash.ToHashCode();
        }
    }
}
