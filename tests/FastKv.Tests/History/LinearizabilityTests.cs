using Xunit;

namespace FastKv.Tests.History;

/// <summary>The checker on histories whose verdict is known: time runs from 0, and each call is written start..end.</summary>
public sealed class LinearizabilityTests
{
    [Fact]
    public void Calls_one_after_the_other_hold() =>
        Assert.True(
            Linearizability.Holds([
                Refused(Kind.Read, 0, 1),
                Refused(Kind.Update, 2, 3, "x"),
                Refused(Kind.Delete, 4, 5),
                Done(Kind.Create, 6, 7, "a"),
                Refused(Kind.Create, 8, 9, "b"),
                Done(Kind.Read, 10, 11, "a"),
                Done(Kind.Update, 12, 13, "c"),
                Done(Kind.Read, 14, 15, "c"),
                Done(Kind.Delete, 16, 17),
                Refused(Kind.Read, 18, 19),
            ])
        );

    [Fact]
    public void Calls_that_overlap_may_take_effect_in_any_order() =>
        Assert.True(
            Linearizability.Holds([
                Done(Kind.Create, 0, 1, "a"),
                Done(Kind.Update, 2, 20, "b"),
                Done(Kind.Update, 3, 19, "c"),
                Done(Kind.Read, 4, 5, "a"),
                Done(Kind.Read, 6, 7, "c"),
                Done(Kind.Read, 21, 22, "b"),
            ])
        );

    [Fact]
    public void An_unknown_write_may_never_happen() =>
        Assert.True(
            Linearizability.Holds([
                Done(Kind.Create, 0, 1, "a"),
                Unknown(Kind.Update, 2, "b"),
                Done(Kind.Read, 4, 5, "a"),
            ])
        );

    [Fact]
    public void An_unknown_write_may_happen_much_later() =>
        Assert.True(
            Linearizability.Holds([
                Done(Kind.Create, 0, 1, "a"),
                Unknown(Kind.Update, 2, "b"),
                Done(Kind.Read, 4, 5, "a"),
                Done(Kind.Update, 6, 7, "c"),
                Done(Kind.Read, 8, 9, "c"),
                Done(Kind.Read, 10, 11, "b"),
            ])
        );

    [Fact]
    public void An_unknown_delete_explains_a_second_create() =>
        Assert.True(
            Linearizability.Holds([Done(Kind.Create, 0, 1, "a"), Unknown(Kind.Delete, 2), Done(Kind.Create, 4, 5, "b")])
        );

    [Fact]
    public void An_unknown_write_does_not_happen_before_it_starts() =>
        Assert.False(
            Linearizability.Holds([
                Done(Kind.Create, 0, 1, "a"),
                Done(Kind.Read, 2, 3, "b"),
                Unknown(Kind.Update, 4, "b"),
            ])
        );

    [Fact]
    public void An_unknown_write_happens_once() =>
        Assert.False(
            Linearizability.Holds([
                Done(Kind.Create, 0, 1, "a"),
                Unknown(Kind.Update, 2, "b"),
                Done(Kind.Read, 4, 5, "b"),
                Done(Kind.Update, 6, 7, "c"),
                Done(Kind.Read, 8, 9, "b"),
            ])
        );

    [Fact]
    public void A_lost_acknowledged_write_is_found() =>
        Assert.False(Linearizability.Holds([Done(Kind.Create, 0, 1, "a"), Refused(Kind.Read, 2, 3)]));

    [Fact]
    public void A_stale_read_is_found() =>
        Assert.False(
            Linearizability.Holds([
                Done(Kind.Create, 0, 1, "a"),
                Done(Kind.Update, 2, 3, "b"),
                Done(Kind.Read, 4, 5, "a"),
            ])
        );

    [Fact]
    public void Two_creates_that_both_succeed_are_found() =>
        Assert.False(Linearizability.Holds([Done(Kind.Create, 0, 9, "a"), Done(Kind.Create, 1, 8, "b")]));

    [Fact]
    public void Two_deletes_that_both_succeed_are_found() =>
        Assert.False(
            Linearizability.Holds([Done(Kind.Create, 0, 1, "a"), Done(Kind.Delete, 2, 9), Done(Kind.Delete, 3, 8)])
        );

    [Fact]
    public void A_value_that_nobody_wrote_is_found() =>
        Assert.False(Linearizability.Holds([Done(Kind.Create, 0, 1, "a"), Done(Kind.Read, 0, 9, "b")]));

    [Fact]
    public void A_value_that_comes_back_after_its_delete_is_found() =>
        Assert.False(
            Linearizability.Holds([Done(Kind.Create, 0, 1, "a"), Done(Kind.Delete, 2, 3), Done(Kind.Read, 4, 5, "a")])
        );

    [Fact]
    public void Reads_that_go_back_in_time_are_found() =>
        Assert.False(
            Linearizability.Holds([
                Done(Kind.Create, 0, 1, "a"),
                Done(Kind.Update, 2, 20, "b"),
                Done(Kind.Read, 3, 4, "b"),
                Done(Kind.Read, 5, 6, "a"),
            ])
        );

    [Fact]
    public void An_update_that_succeeds_on_nothing_is_found() =>
        Assert.False(Linearizability.Holds([Done(Kind.Update, 0, 1, "a")]));

    [Fact]
    public void A_create_that_is_refused_without_a_reason_is_found() =>
        Assert.False(Linearizability.Holds([Refused(Kind.Create, 0, 1, "a"), Refused(Kind.Read, 2, 3)]));

    [Fact]
    public void The_search_agrees_with_trying_every_order()
    {
        var random = new Random(20261123);
        var verdicts = new int[2];
        for (var i = 0; i < 3000; i++)
        {
            var history = Enumerable.Range(0, random.Next(2, 6)).Select(_ => Any(random)).ToArray();
            var expected = HoldsInSomeOrder(history, null);
            Assert.Equal(expected, Linearizability.Holds(history));
            verdicts[expected ? 1 : 0]++;
        }

        Assert.All(verdicts, count => Assert.InRange(count, 200, 2800));
    }

    private static Operation Any(Random random)
    {
        var kind = (Kind)random.Next(4);
        var outcome = (Outcome)random.Next(kind == Kind.Read ? 2 : 3);
        var start = random.Next(12);
        return new Operation(kind, random.Next(2) == 0 ? "a" : "b", outcome, start, start + random.Next(1, 8));
    }

    // Written in another way than the checker, with no memory and no cleverness.
    private static bool HoldsInSomeOrder(Operation[] left, string? value)
    {
        if (left.All(operation => operation.Outcome == Outcome.Unknown))
        {
            return true;
        }

        foreach (var next in left)
        {
            var rest = left.Where(other => !ReferenceEquals(other, next)).ToArray();
            if (rest.Any(other => other.Outcome != Outcome.Unknown && other.End < next.Start))
            {
                continue;
            }

            (bool Possible, string? Value) result = (next.Kind, next.Outcome) switch
            {
                (Kind.Create, Outcome.Done) => (value is null, next.Value),
                (Kind.Create, Outcome.Refused) => (value is not null, value),
                (Kind.Create, _) => (true, value ?? next.Value),
                (Kind.Update, Outcome.Done) => (value is not null, next.Value),
                (Kind.Update, Outcome.Refused) => (value is null, value),
                (Kind.Update, _) => (true, value is null ? null : next.Value),
                (Kind.Delete, Outcome.Done) => (value is not null, null),
                (Kind.Delete, Outcome.Refused) => (value is null, value),
                (Kind.Delete, _) => (true, null),
                (_, Outcome.Done) => (value == next.Value, value),
                _ => (value is null, value),
            };
            if (result.Possible && HoldsInSomeOrder(rest, result.Value))
            {
                return true;
            }
        }

        return false;
    }

    private static Operation Done(Kind kind, long start, long end, string? value = null) =>
        new(kind, value, Outcome.Done, start, end);

    private static Operation Refused(Kind kind, long start, long end, string? value = null) =>
        new(kind, value, Outcome.Refused, start, end);

    private static Operation Unknown(Kind kind, long start, string? value = null) =>
        new(kind, value, Outcome.Unknown, start, start + 1);
}
