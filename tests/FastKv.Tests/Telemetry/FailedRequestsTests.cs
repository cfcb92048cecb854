using FastKv.Telemetry;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace FastKv.Tests.Telemetry;

public sealed class FailedRequestsTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void The_first_is_told_at_once_and_the_others_with_their_number_after_a_minute()
    {
        var failures = new FailedRequests(time);

        Assert.True(failures.Add("first", "Timeout"));
        Assert.False(failures.Add("second", "Timeout"));
        Assert.False(failures.Add("third", "Timeout"));
        Assert.False(failures.TryTakeDue(out _, out _));

        time.Advance(FailedRequests.Interval);
        Assert.True(failures.TryTakeDue(out var count, out var example));
        Assert.Equal((2, "third"), (count, example));
        Assert.False(failures.TryTakeDue(out _, out _));

        // That was a line: the next comes a minute later again.
        Assert.False(failures.Add("fourth", "Timeout"));
        time.Advance(FailedRequests.Interval);
        Assert.True(failures.TryTakeDue(out count, out _));
        Assert.Equal(1, count);
        Assert.Equal(4, failures.Total);
    }

    [Fact]
    public void After_a_minute_without_any_the_next_is_told_at_once()
    {
        var failures = new FailedRequests(time);
        Assert.True(failures.Add("first", "Timeout"));

        time.Advance(FailedRequests.Interval);

        Assert.False(failures.TryTakeDue(out _, out _));
        Assert.True(failures.Add("second", "Timeout"));
    }

    [Fact]
    public void None_is_lost_or_counted_twice_while_many_fail_and_are_taken()
    {
        var failures = new FailedRequests(time);
        var told = 0;

        Parallel.For(
            0,
            10_000,
            i =>
            {
                var isTold = failures.Add("trace", "Timeout");
                var taken = i % 100 == 0 ? failures.Take().Count : 0;
                Interlocked.Add(ref told, taken + (isTold ? 1 : 0));
            }
        );

        Assert.Equal(10_000, told + failures.Take().Count);
        Assert.Equal(10_000, failures.Total);
    }
}
