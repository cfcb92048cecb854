using FastKv.Load.Bench;
using Xunit;

namespace FastKv.Tests.Load;

public sealed class DriverTests
{
    private static readonly Uri Target = new("http://127.0.0.1:8080");

    [Fact]
    public void The_script_for_wrk_holds_the_whole_request_with_a_number_in_key_and_body()
    {
        var plan = new RequestPlan("POST", "/api/data", """{"key":"k-{n}","value":"v"}""", "t.o.k", NumberPick.Next, 0);

        var script = WrkDriver.Script(plan, Target);

        Assert.Contains("POST /api/data HTTP/1.1\\r\\nHost: 127.0.0.1:8080\\r\\n", script, StringComparison.Ordinal);
        Assert.Contains("Authorization: Bearer t.o.k\\r\\n", script, StringComparison.Ordinal);
        Assert.Contains("Content-Length: 34\\r\\n\\r\\n", script, StringComparison.Ordinal);
        Assert.Contains("""{\"key\":\"k-" .. number .. "\",\"value\":\"v\"}""", script, StringComparison.Ordinal);
        Assert.Contains("taken)", script, StringComparison.Ordinal);
    }

    [Fact]
    public void The_script_for_wrk_picks_among_what_is_stored()
    {
        var plan = new RequestPlan("GET", "/api/data/k{n}", null, "t", NumberPick.Random, 1000);

        Assert.Contains("math.random(0, 999)", WrkDriver.Script(plan, Target), StringComparison.Ordinal);
    }

    [Fact]
    public void The_result_of_wrk_is_requests_seconds_and_what_failed()
    {
        var result = WrkDriver.Parse("Running 2s test\n  Requests/sec: 1\nRESULT 2000 2500000 7\n");

        Assert.Equal(new DriveResult(2000, 2.5, 7), result);
        Assert.Equal(800, result.PerSecond);
    }

    [Fact]
    public void The_result_of_h2load_counts_what_is_not_2xx()
    {
        const string Output = """
            finished in 2.00s, 600.00 req/s, 1.00MB/s
            requests: 1200 total, 1210 started, 1200 done, 1190 succeeded, 10 failed, 0 errored, 0 timeout
            status codes: 1185 2xx, 0 3xx, 10 4xx, 5 5xx
            """;

        Assert.Equal(new DriveResult(1200, 2, 15), H2loadDriver.Parse(Output, TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public void Output_without_a_result_is_an_error_and_not_a_zero()
    {
        Assert.Throws<InvalidOperationException>(() => WrkDriver.Parse("unable to connect"));
        Assert.Throws<InvalidOperationException>(() => H2loadDriver.Parse("", TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public void The_median_is_the_middle_or_between_the_two_in_the_middle()
    {
        Assert.Equal(new Spread(2, 1, 9), Spread.Of([9, 1, 2]));
        Assert.Equal(new Spread(2.5, 1, 9), Spread.Of([9, 1, 2, 3]));
    }

    [Fact]
    public void A_batch_is_compared_for_each_value_with_the_request_that_does_the_same_with_one()
    {
        var table = Assert.Single(
            ComparisonTable.PerValue([
                Measured(Contender.FastKv, "retrieve", 20),
                Measured(Contender.FastKv, "batch-retrieve", 250),
                Measured(Contender.Bare, "batch-retrieve", 30),
                Measured(Contender.FastKv, "batch-write", 900),
            ])
        );

        Assert.Equal(
            ["batch-retrieve", "HTTP/1.1, 64", "2.50 (2.50 to 2.50)", "20.0 (20.0 to 20.0) (retrieve)", "0.13"],
            Assert.Single(table.Rows)
        );
        Assert.Empty(ComparisonTable.PerValue([Measured(Contender.FastKv, "retrieve", 20)]));
    }

    private static Measurement Measured(string server, string operation, double microseconds) =>
        new(server, operation, "HTTP/1.1", "wrk", 64, 1, 100, 1000, 0, 1, 0, microseconds, 1);
}
