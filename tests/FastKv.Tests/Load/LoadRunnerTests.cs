using System.Diagnostics;
using FastKv.Load.Running;
using FastKv.Load.Scenarios;
using Xunit;

namespace FastKv.Tests.Load;

public sealed class LoadRunnerTests
{
    private static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(600);

    [Fact]
    public async Task The_open_model_counts_a_stall_for_all_requests_that_had_to_wait_behind_it()
    {
        var result = await RunAsync(LoadModel.Open, StallOnce());

        // 100 a second for 1.5 s: the 60 that were due during the stall waited 300 ms on average.
        Assert.Equal(150, result.Ok);
        Assert.InRange(result.Latency.P90Milliseconds, 300, 700);
        Assert.InRange(result.Service.P90Milliseconds, 0, 100);
    }

    [Fact]
    public async Task The_closed_model_sees_a_stall_once_which_is_why_it_is_not_the_default()
    {
        var result = await RunAsync(LoadModel.Closed, StallOnce());

        Assert.InRange(result.Latency.MaxMilliseconds, Stall.TotalMilliseconds * 0.95, 1200);
        Assert.InRange(result.Latency.P90Milliseconds, 0, 100);
    }

    [Fact]
    public async Task A_rate_that_is_kept_is_not_called_saturated()
    {
        var result = await RunAsync(LoadModel.Open, (_, _) => Answer(200));

        Assert.Equal(150, result.Offered);
        Assert.Equal((150, 0, 0), (result.Ok, result.Failed, result.Dropped));
        Assert.False(result.GeneratorSaturated);
        Assert.Equal(150, result.Timeline.Sum(sample => sample.Ok));
    }

    [Fact]
    public async Task A_rate_that_is_not_kept_is_called_saturated_and_what_found_no_room_is_counted()
    {
        var plan = Plan(LoadModel.Open) with { RatePerSecond = 400, RequestTimeout = TimeSpan.FromSeconds(0.5) };
        var result = await RunAsync(
            plan,
            async (_, stop) =>
            {
                await Task.Delay(50, stop);
                return await Answer(200);
            }
        );

        Assert.True(result.GeneratorSaturated);
        Assert.True(result.Dropped > 0);
        Assert.Equal(result.Offered, result.Ok + result.Failed + result.Dropped);
    }

    [Fact]
    public async Task Failures_are_counted_by_kind_and_stay_out_of_the_percentiles()
    {
        var requests = 0;
        var result = await RunAsync(
            LoadModel.Open,
            (_, _) => Answer(Interlocked.Increment(ref requests) % 3 == 0 ? 429 : 200)
        );

        Assert.Equal((100, 50), (result.Ok, result.Failed));
        Assert.Equal(50, result.Failures["HTTP 429"]);
        Assert.Equal(100, result.Latency.Count);
    }

    [Fact]
    public async Task A_request_that_never_ends_is_given_up_and_counted_as_failed()
    {
        var plan = Plan(LoadModel.Open) with { RequestTimeout = TimeSpan.FromSeconds(0.3) };
        var since = Stopwatch.GetTimestamp();
        var result = await RunAsync(
            plan,
            async (_, stop) =>
            {
                await Task.Delay(Timeout.Infinite, stop);
                return await Answer(200);
            }
        );

        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 1.5, 6);
        Assert.Equal(1, result.Failures["unfinished"]);
        Assert.Equal(0, result.Ok);
    }

    [Fact]
    public async Task A_run_that_is_interrupted_gives_what_was_measured_until_then()
    {
        using var interrupt = new CancellationTokenSource();
        var plan = Plan(LoadModel.Open) with { Duration = TimeSpan.FromMinutes(1) };
        var requests = 0;
        var result = await RunAsync(
            plan,
            async (_, stop) =>
            {
                if (Interlocked.Increment(ref requests) == 50)
                {
                    await interrupt.CancelAsync();
                }

                stop.ThrowIfCancellationRequested();
                return await Answer(200);
            },
            interrupt.Token
        );

        Assert.Equal((49, 0, 0), (result.Ok, result.Failed, result.Dropped));
        Assert.Empty(result.Failures);
    }

    [Fact]
    public async Task The_last_second_is_shown_once()
    {
        using var unused = new HttpClient();
        var scenario = new Scenario("made up", [Operation.Retrieve], (_, _) => Answer(200));
        var shown = new List<Sample>();
        var plan = Plan(LoadModel.Open) with { Duration = TimeSpan.FromSeconds(2) };
        await new LoadRunner(scenario, unused, plan).RunAsync(shown.Add, TestContext.Current.CancellationToken);

        Assert.All(shown, sample => Assert.InRange(sample.LengthSeconds, 0.25, 10));
    }

    [Fact]
    public async Task What_failed_was_not_achieved()
    {
        var result = await RunAsync(LoadModel.Open, (_, _) => Answer(503));

        Assert.Equal((0, 150), (result.AchievedPerSecond, result.Failed));
    }

    [Fact]
    public void Percentiles_are_within_one_percent()
    {
        var histogram = LatencyHistogram.Create();
        for (var microseconds = 1; microseconds <= 100_000; microseconds++)
        {
            histogram.RecordValue(microseconds);
        }

        var summary = LatencySummary.Of(histogram);

        Assert.Equal(50, summary.P50Milliseconds, 0.5);
        Assert.Equal(90, summary.P90Milliseconds, 0.9);
        Assert.Equal(99, summary.P99Milliseconds, 0.99);
        Assert.Equal(99.9, summary.P999Milliseconds, 0.999);
        Assert.Equal(100, summary.MaxMilliseconds, 1.0);
    }

    private static ScenarioStep StallOnce()
    {
        var requests = 0;
        return async (_, stop) =>
        {
            if (Interlocked.Increment(ref requests) == 10)
            {
                await Task.Delay(Stall, stop);
            }

            return await Answer(200);
        };
    }

    private static Task<Outcome> Answer(int status) => Task.FromResult(Outcome.Answered(Operation.Retrieve, status));

    private static LoadPlan Plan(LoadModel model) =>
        new(model, RatePerSecond: 100, Workers: 1, TimeSpan.FromSeconds(1.5), RequestTimeout: TimeSpan.FromSeconds(5));

    private static Task<LoadResult> RunAsync(LoadModel model, ScenarioStep step) => RunAsync(Plan(model), step);

    private static async Task<LoadResult> RunAsync(
        LoadPlan plan,
        ScenarioStep step,
        CancellationToken? cancellation = null
    )
    {
        using var unused = new HttpClient();
        var scenario = new Scenario("made up", [Operation.Retrieve], step);
        return await new LoadRunner(scenario, unused, plan).RunAsync(
            _ => { },
            cancellation ?? TestContext.Current.CancellationToken
        );
    }
}
