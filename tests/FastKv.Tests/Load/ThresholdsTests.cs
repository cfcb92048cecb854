using FastKv.Load.Reports;
using Xunit;

namespace FastKv.Tests.Load;

public sealed class ThresholdsTests
{
    private static readonly Thresholds None = new(null, null, null, null, null, null);

    [Fact]
    public void Without_demands_a_run_with_a_success_is_fine() =>
        Assert.Empty(None.Judge(MadeUpRun.Result(milliseconds: 10)));

    [Fact]
    public void A_run_without_a_success_is_broken_whatever_was_demanded()
    {
        var demands = None with { MaxP99Milliseconds = 1000 };

        Assert.Contains(demands.Judge(MadeUpRun.Nothing()), threshold => !threshold.Met);
        Assert.Contains(None.Judge(MadeUpRun.Nothing()), threshold => !threshold.Met);
    }

    [Theory]
    [InlineData(20, true)]
    [InlineData(5, false)]
    public void Latency_limits_are_compared_with_what_was_measured(double limit, bool met)
    {
        var demands = None with { MaxP50Milliseconds = limit, MaxP99Milliseconds = limit, MaxP999Milliseconds = limit };

        var results = demands.Judge(MadeUpRun.Result(milliseconds: 10));

        Assert.Equal(3, results.Count);
        Assert.All(results, result => Assert.Equal(met, result.Met));
    }

    [Fact]
    public void Failed_dropped_and_rate_have_limits_too()
    {
        var run = MadeUpRun.Result(milliseconds: 10, failed: 25, dropped: 3);

        Assert.All((None with { MaxFailedPercent = 20, MaxDropped = 3, MinPerSecond = 50 }).Judge(run), Met);
        Assert.All((None with { MaxFailedPercent = 19 }).Judge(run), Broken);
        Assert.All((None with { MaxDropped = 2 }).Judge(run), Broken);
        Assert.All((None with { MinPerSecond = 63 }).Judge(run), Broken);

        static void Met(ThresholdResult result) => Assert.True(result.Met, result.Demand);
        static void Broken(ThresholdResult result) => Assert.False(result.Met, result.Demand);
    }
}
