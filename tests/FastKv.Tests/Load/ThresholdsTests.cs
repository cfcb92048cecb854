using FastKv.Load.Cli;
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
    public void A_request_that_failed_breaks_a_run_unless_it_was_allowed_to()
    {
        var run = MadeUpRun.Result(milliseconds: 10, failed: 1);

        Assert.Contains(From().Judge(run), threshold => !threshold.Met);
        Assert.DoesNotContain(From("--max-failed-percent", "1").Judge(run), threshold => !threshold.Met);
    }

    [Fact]
    public void A_scenario_may_have_thresholds_of_its_own()
    {
        var run = MadeUpRun.Result(milliseconds: 10);

        Assert.True(IsMet("--max-p99-ms", "5", "--thresholds", "retrieve:p99=20,token:p50=1"));
        Assert.False(IsMet("--max-p99-ms", "50", "--thresholds", "retrieve:p99=5"));
        Assert.False(IsMet("--max-p50-ms", "5", "--thresholds", "retrieve:p99=20"));
        Assert.False(IsMet("--thresholds", "retrieve:p99=20,retrieve:rate=1000"));
        Assert.True(IsMet("--thresholds", "token:p99=1"));

        bool IsMet(params string[] options) => From(options).Judge(run).All(threshold => threshold.Met);
    }

    [Theory]
    [InlineData("p99=20")]
    [InlineData("nothing:p99=20")]
    [InlineData("retrieve:p98=20")]
    [InlineData("retrieve:p99=fast")]
    [InlineData("retrieve:p99=20,")]
    public void A_threshold_that_can_not_be_read_is_refused(string text) =>
        Assert.Throws<UsageException>(() => From("--thresholds", text));

    private static Thresholds From(params string[] options) => Thresholds.From(Arguments.Parse(options));

    [Fact]
    public void Failed_dropped_and_rate_have_limits_too()
    {
        var run = MadeUpRun.Result(milliseconds: 10, failed: 25, dropped: 3);

        Assert.All((None with { MaxFailedPercent = 20, MaxDropped = 3, MinPerSecond = 50 }).Judge(run), Met);
        Assert.All((None with { MaxFailedPercent = 19 }).Judge(run), Broken);
        Assert.All((None with { MaxDropped = 2 }).Judge(run), Broken);
        Assert.All((None with { MinPerSecond = 51 }).Judge(run), Broken);

        static void Met(ThresholdResult result) => Assert.True(result.Met, result.Demand);
        static void Broken(ThresholdResult result) => Assert.False(result.Met, result.Demand);
    }
}
