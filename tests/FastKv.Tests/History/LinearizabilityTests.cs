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
    public void Writes_on_a_condition_one_after_the_other_hold() =>
        Assert.True(
            Linearizability.Holds([
                Did(0, 1, "201", new Step(Kind.Create, "k", "a")),
                Did(2, 3, "200", new Step(Kind.Update, "k", "b", IfMatch: "a")),
                Did(4, 5, Failed("b"), new Step(Kind.Update, "k", "c", IfMatch: "a")),
                Did(6, 7, Failed("b"), new Step(Kind.Delete, "k", IfMatch: "a")),
                Did(8, 9, "200", new Step(Kind.Update, "k", "d", IfMatch: "*")),
                Did(10, 11, "200", new Step(Kind.Delete, "k", IfMatch: "d")),
                Did(12, 13, "KEY_NOT_FOUND", new Step(Kind.Update, "k", "e", IfMatch: "d")),
                Did(14, 15, "PRECONDITION_FAILED", new Step(Kind.Upsert, "k", "e", IfMatch: "d")),
            ])
        );

    [Fact]
    public void Two_writes_that_replace_one_version_are_found() =>
        Assert.False(
            Linearizability.Holds([
                Did(0, 1, "201", new Step(Kind.Create, "k", "a")),
                Did(2, 9, "200", new Step(Kind.Update, "k", "b", IfMatch: "a")),
                Did(3, 8, "200", new Step(Kind.Update, "k", "c", IfMatch: "a")),
            ])
        );

    [Fact]
    public void A_condition_that_fails_though_it_holds_is_found() =>
        Assert.False(
            Linearizability.Holds([
                Did(0, 1, "201", new Step(Kind.Create, "k", "a")),
                Did(2, 3, Failed("a"), new Step(Kind.Update, "k", "b", IfMatch: "a")),
            ])
        );

    [Fact]
    public void A_refusal_that_names_another_version_than_the_one_there_is_found() =>
        Assert.False(
            Linearizability.Holds([
                Did(0, 1, "201", new Step(Kind.Create, "k", "a")),
                Did(2, 3, "200", new Step(Kind.Update, "k", "b")),
                Did(4, 5, Failed("a"), new Step(Kind.Update, "k", "c", IfMatch: "x")),
            ])
        );

    [Fact]
    public void An_upsert_creates_and_replaces() =>
        Assert.True(
            Linearizability.Holds([
                Did(0, 1, "201", new Step(Kind.Upsert, "k", "a")),
                Did(2, 3, "200", new Step(Kind.Upsert, "k", "b")),
                Did(4, 5, "200 b", new Step(Kind.Read, "k")),
            ])
        );

    [Fact]
    public void Two_upserts_that_both_create_are_found() =>
        Assert.False(
            Linearizability.Holds([
                Did(0, 9, "201", new Step(Kind.Upsert, "k", "a")),
                Did(1, 8, "201", new Step(Kind.Upsert, "k", "b")),
            ])
        );

    [Fact]
    public void Increments_add_up_in_some_order() =>
        Assert.True(
            Linearizability.Holds([
                Did(0, 1, "KEY_NOT_FOUND", new Step(Kind.Increment, "k", "1")),
                Did(2, 9, "200 8", new Step(Kind.Count, "k", "3")),
                Did(2, 9, "201 5", new Step(Kind.Count, "k", "5")),
                Did(10, 11, "200 7", new Step(Kind.Increment, "k", "-1")),
                Did(12, 13, "200", new Step(Kind.Update, "k", "x")),
                Did(14, 15, "VALUE_NOT_INTEGER", new Step(Kind.Count, "k", "1")),
                Did(16, 17, "200", new Step(Kind.Update, "k", "9223372036854775807")),
                Did(18, 19, "VALUE_NOT_INTEGER", new Step(Kind.Increment, "k", "1")),
            ])
        );

    [Fact]
    public void A_lost_increment_is_found() =>
        Assert.False(
            Linearizability.Holds([
                Did(0, 9, "201 1", new Step(Kind.Count, "k", "1")),
                Did(1, 8, "200 2", new Step(Kind.Count, "k", "1")),
                Did(1, 8, "200 2", new Step(Kind.Count, "k", "1")),
            ])
        );

    [Fact]
    public void An_increment_that_is_done_twice_is_found() =>
        Assert.False(
            Linearizability.Holds([
                Did(0, 9, "201 1", new Step(Kind.Count, "k", "1")),
                Did(10, 11, "200 2", new Step(Kind.Read, "k")),
            ])
        );

    [Fact]
    public void An_unknown_increment_may_show_in_the_next_sum() =>
        Assert.True(
            Linearizability.Holds([
                new Operation(Call.Of(new Step(Kind.Count, "k", "5")), null, 0, 1),
                Did(2, 3, "201 1", new Step(Kind.Count, "k", "1")),
                Did(4, 5, "200 7", new Step(Kind.Count, "k", "1")),
            ])
        );

    [Fact]
    public void Batches_take_effect_as_a_whole() =>
        Assert.True(
            Linearizability.Holds([
                Batch(0, 1, "200", new Step(Kind.Create, "a", "1"), new Step(Kind.Upsert, "b", "1")),
                Batch(2, 9, "200", new Step(Kind.Update, "a", "2", IfMatch: "1"), new Step(Kind.Delete, "b")),
                Batch(2, 3, "200 a=1 b=1", new Step(Kind.Read, "a"), new Step(Kind.Read, "b")),
                Batch(4, 9, "200 a=2", new Step(Kind.Read, "a"), new Step(Kind.Read, "b")),
                Batch(
                    10,
                    11,
                    "BATCH_REJECTED 0:KEY_EXISTS 1:KEY_NOT_FOUND 2:PRECONDITION_FAILED",
                    new Step(Kind.Create, "a", "3"),
                    new Step(Kind.Update, "b", "3"),
                    new Step(Kind.Upsert, "c", "3", IfMatch: "*")
                ),
                Batch(12, 13, "200 a=2", new Step(Kind.Read, "a"), new Step(Kind.Read, "b"), new Step(Kind.Read, "c")),
            ])
        );

    [Fact]
    public void Half_a_batch_is_found() =>
        Assert.False(
            Linearizability.Holds([
                Batch(0, 9, "200", new Step(Kind.Create, "a", "1"), new Step(Kind.Create, "b", "1")),
                Did(1, 2, "200 1", new Step(Kind.Read, "a")),
                Did(3, 4, "KEY_NOT_FOUND", new Step(Kind.Read, "b")),
            ])
        );

    [Fact]
    public void Half_a_batch_of_which_nobody_knows_is_found() =>
        Assert.False(
            Linearizability.Holds([
                new Operation(
                    Call.BatchOf(new Step(Kind.Create, "a", "1"), new Step(Kind.Create, "b", "1")),
                    null,
                    0,
                    1
                ),
                Batch(2, 3, "200 a=1", new Step(Kind.Read, "a"), new Step(Kind.Read, "b")),
            ])
        );

    [Fact]
    public void A_batch_that_is_rejected_and_done_in_part_is_found() =>
        Assert.False(
            Linearizability.Holds([
                Batch(
                    0,
                    1,
                    "BATCH_REJECTED 1:KEY_NOT_FOUND",
                    new Step(Kind.Create, "a", "1"),
                    new Step(Kind.Update, "b", "1")
                ),
                Did(2, 3, "200 1", new Step(Kind.Read, "a")),
            ])
        );

    [Fact]
    public void Two_batches_whose_halves_mix_are_found() =>
        Assert.False(
            Linearizability.Holds([
                Batch(0, 9, "200", new Step(Kind.Upsert, "a", "1"), new Step(Kind.Upsert, "b", "1")),
                Batch(0, 9, "200", new Step(Kind.Upsert, "a", "2"), new Step(Kind.Upsert, "b", "2")),
                Batch(10, 11, "200 a=1 b=2", new Step(Kind.Read, "a"), new Step(Kind.Read, "b")),
            ])
        );

    [Fact]
    public void A_batch_of_reads_at_two_instants_is_found() =>
        Assert.False(
            Linearizability.Holds([
                Did(0, 1, "201", new Step(Kind.Create, "a", "1")),
                Did(2, 3, "201", new Step(Kind.Create, "b", "1")),
                Batch(0, 9, "200 b=1", new Step(Kind.Read, "a"), new Step(Kind.Read, "b")),
            ])
        );

    [Fact]
    public void The_search_agrees_with_trying_every_order()
    {
        var random = new Random(20261123);
        var verdicts = new int[2];
        for (var i = 0; i < 3000; i++)
        {
            var history = Enumerable.Range(0, random.Next(2, 6)).Select(_ => Any(random)).ToArray();
            var expected = HoldsInSomeOrder(history, []);
            Assert.Equal(expected, Linearizability.Holds(history));
            verdicts[expected ? 1 : 0]++;
        }

        Assert.All(verdicts, count => Assert.InRange(count, 200, 2800));
    }

    private static Operation Any(Random random)
    {
        var isBatch = random.Next(3) == 0;
        var kinds = isBatch ? 4 : 7;
        string[] keys = isBatch ? ["k", "l"] : [random.Next(3) == 0 ? "l" : "k"];
        Step[] steps = [.. keys.Select(key => AnyStep(random, (Kind)random.Next(kinds), key))];
        if (isBatch && random.Next(4) == 0)
        {
            steps = [.. steps.Select(step => new Step(Kind.Read, step.Key))];
        }

        // An answer that some entries would give.
        var entries = Entries.None.With("k", AnyValue(random)).With("l", AnyValue(random));
        var call = new Call(isBatch, steps);
        var start = random.Next(12);
        return new Operation(
            call,
            random.Next(4) == 0 && !call.IsRead ? null : entries.Apply(call).Answer,
            start,
            start + random.Next(1, 8)
        );
    }

    private static Step AnyStep(Random random, Kind kind, string key) =>
        kind switch
        {
            Kind.Read => new Step(kind, key),
            Kind.Create => new Step(kind, key, "1"),
            Kind.Count or Kind.Increment => new Step(kind, key, "1", random.Next(3) == 0 ? "1" : null),
            _ => new Step(kind, key, random.Next(2) == 0 ? "1" : "2", random.Next(3) == 0 ? "1" : null),
        };

    private static string? AnyValue(Random random) => random.Next(3) is > 0 and var value ? $"{value}" : null;

    // Written in another way than the checker, with no memory and no cleverness.
    private static bool HoldsInSomeOrder(Operation[] left, Dictionary<string, int> values)
    {
        if (left.All(operation => operation.IsUnknown))
        {
            return true;
        }

        foreach (var next in left)
        {
            var rest = left.Where(other => !ReferenceEquals(other, next)).ToArray();
            if (rest.Any(other => !other.IsUnknown && other.End < next.Start))
            {
                continue;
            }

            var after = new Dictionary<string, int>(values);
            var answer = next.Call.IsRead ? ReadFrom(values, next.Call) : WriteTo(after, next.Call);
            if ((next.IsUnknown || answer == next.Answer) && HoldsInSomeOrder(rest, after))
            {
                return true;
            }
        }

        return false;
    }

    private static string ReadFrom(Dictionary<string, int> values, Call call) =>
        !call.IsBatch
            ? values.TryGetValue(call.Steps[0].Key, out var value)
                ? $"200 {value}"
                : "KEY_NOT_FOUND"
            : string.Join(
                ' ',
                call.Steps.Where(s => values.ContainsKey(s.Key)).Select(s => $"{s.Key}={values[s.Key]}").Prepend("200")
            );

    private static string WriteTo(Dictionary<string, int> values, Call call)
    {
        var before = new Dictionary<string, int>(values);
        var answers = call.Steps.Select(step => WriteTo(values, step)).ToArray();
        var refused = Enumerable.Range(0, answers.Length).Where(i => !char.IsDigit(answers[i][0])).ToArray();
        if (refused.Length > 0)
        {
            values.Clear();
            foreach (var (key, value) in before)
            {
                values[key] = value;
            }
        }

        return !call.IsBatch ? answers[0]
            : refused.Length == 0 ? "200"
            : $"BATCH_REJECTED {string.Join(' ', refused.Select(i => $"{i}:{answers[i].Split(' ')[0]}"))}";
    }

    private static string WriteTo(Dictionary<string, int> values, Step step)
    {
        var isThere = values.TryGetValue(step.Key, out var value);
        switch (step.Kind)
        {
            case Kind.Create when isThere:
                return "KEY_EXISTS";
            case Kind.Update or Kind.Delete or Kind.Increment when !isThere:
                return "KEY_NOT_FOUND";
            case not Kind.Create when step.IfMatch is not null && !isThere:
                return "PRECONDITION_FAILED";
            case not Kind.Create when step.IfMatch is not null && step.IfMatch != $"{value}":
                return Failed($"{value}");
            case Kind.Delete:
                values.Remove(step.Key);
                return "200";
        }

        var isSum = step.Kind is Kind.Increment or Kind.Count;
        values[step.Key] = int.Parse(step.Value!, null) + (isSum ? value : 0);
        return (isThere ? "200" : "201") + (isSum ? $" {values[step.Key]}" : "");
    }

    private static Operation Did(long start, long end, string answer, Step step) =>
        new(Call.Of(step), answer, start, end);

    private static Operation Batch(long start, long end, string answer, params Step[] steps) =>
        new(Call.BatchOf(steps), answer, start, end);

    private static string Failed(string valueThere) => $"PRECONDITION_FAILED {Entries.VersionOf(valueThere)}";

    private static Operation Done(Kind kind, long start, long end, string? value = null) =>
        kind == Kind.Read
            ? Did(start, end, $"200 {value}", new Step(kind, "k"))
            : Did(start, end, kind == Kind.Create ? "201" : "200", new Step(kind, "k", value));

    private static Operation Refused(Kind kind, long start, long end, string? value = null) =>
        Did(start, end, kind == Kind.Create ? "KEY_EXISTS" : "KEY_NOT_FOUND", new Step(kind, "k", value));

    private static Operation Unknown(Kind kind, long start, string? value = null) =>
        new(Call.Of(new Step(kind, "k", value)), null, start, start + 1);
}
