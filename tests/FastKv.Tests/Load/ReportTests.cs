using System.Text.Json;
using System.Text.RegularExpressions;
using FastKv.Load.Reports;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Load;

public sealed partial class ReportTests
{
    [Fact]
    public void The_JSON_report_holds_rates_percentiles_counts_and_the_course_of_time()
    {
        using var json = JsonDocument.Parse(JsonReport.Write(Report(failed: 25, dropped: 3)));

        var run = json.RootElement.GetProperty("scenarios")[0];
        Assert.Equal("retrieve", run.GetProperty("scenario").GetString());
        Assert.Equal(100, run.GetProperty("ok").GetInt64());
        Assert.Equal(25, run.GetProperty("failed").GetInt64());
        Assert.Equal(3, run.GetProperty("dropped").GetInt64());
        Assert.Equal(64, run.GetProperty("offered_per_second").GetDouble());
        Assert.Equal(50, run.GetProperty("achieved_per_second").GetDouble());
        Assert.Equal(25, run.GetProperty("failures").GetProperty("HTTP 503").GetInt64());
        Assert.True(run.GetProperty("generator_saturated").GetBoolean());
        Assert.Equal(10, run.GetProperty("latency").GetProperty("p99_milliseconds").GetDouble(), 0.1);
        Assert.Equal(10, run.GetProperty("service_time").GetProperty("p999_milliseconds").GetDouble(), 0.1);
        Assert.Equal(2, run.GetProperty("timeline").GetArrayLength());
        Assert.False(run.GetProperty("thresholds")[0].GetProperty("met").GetBoolean());
    }

    [Fact]
    public void The_HTML_report_shows_two_charts_for_a_scenario_and_says_when_the_generator_was_saturated()
    {
        var html = HtmlReport.Write(Report(failed: 25, dropped: 3));

        Assert.Equal(2, Chart().Count(html));
        Assert.Contains("generator saturated", html, StringComparison.Ordinal);
        Assert.Contains("25 × HTTP 503", html, StringComparison.Ordinal);
        Assert.Contains("thresholds broken", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_is_named_by_its_whole_path_and_lies_outside_of_what_is_built()
    {
        using var directory = new TemporaryDirectory();
        var relative = Path.GetRelativePath(".", directory.Path);

        var path = ReportFiles.Write(relative, "run", DateTimeOffset.UnixEpoch, "json", "{}");

        Assert.True(Path.IsPathFullyQualified(path), path);
        Assert.Equal("{}", File.ReadAllText(path));
        Assert.EndsWith(Path.Combine("artifacts", "load"), ReportFiles.DefaultFolder, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(ReportFiles.DefaultFolder, "..", "..", "FastKv.sln")));
        Assert.Empty(Directory.GetDirectories(AppContext.BaseDirectory, "artifacts"));
    }

    [Fact]
    public async Task The_HTML_report_fits_a_telephone()
    {
        Assert.SkipUnless(Browser.IsInstalled, Browser.Missing);
        using var directory = new TemporaryDirectory();
        var report = Report(failed: 25, dropped: 3) with
        {
            CommandLine = $"run retrieve --reports /{new string('a', 200)}",
        };
        var path = ReportFiles.Write(directory.Path, "run", report.CreatedAt, "html", HtmlReport.Write(report));
        await using var browser = await Browser.StartAsync();
        await browser.ResizeAsync(390, 800);
        await browser.OpenAsync(new Uri(path));

        var over = await browser.EvaluateAsync(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        );
        Assert.Equal(0, over!.GetValue<int>());
    }

    [Fact]
    public void A_run_that_was_interrupted_says_so()
    {
        var report = Report(failed: 0, dropped: 0) with { IsInterrupted = true };

        Assert.Contains("interrupted", HtmlReport.Write(report), StringComparison.Ordinal);
        Assert.Contains("\"is_interrupted\": true", JsonReport.Write(report), StringComparison.Ordinal);
    }

    [Fact]
    public void The_HTML_report_needs_nothing_from_elsewhere()
    {
        var html = HtmlReport.Write(Report(failed: 0, dropped: 0));

        Assert.DoesNotMatch(Resource(), html);
        Assert.DoesNotContain("generator saturated", html, StringComparison.Ordinal);
        Assert.Contains("thresholds met", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_from_the_command_line_is_not_markup_in_the_HTML_report()
    {
        var html = HtmlReport.Write(Report(0, 0) with { CommandLine = "run <script>alert(1)</script>" });

        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
    }

    private static RunReport Report(int failed, int dropped)
    {
        var result = MadeUpRun.Result(milliseconds: 10, failed, dropped);
        var thresholds = new Thresholds(null, null, null, MaxFailedPercent: 1, null, null).Judge(result);
        return new RunReport(
            DateTimeOffset.UnixEpoch,
            "run retrieve",
            "http://127.0.0.1:8080/",
            "HTTP/1.1",
            MachineReport.Here(),
            [ScenarioReport.Of(result, thresholds)]
        );
    }

    [GeneratedRegex("<svg class=\"chart\"")]
    private static partial Regex Chart();

    [GeneratedRegex("""(src|href)=|url\(|@import|fetch\(""")]
    private static partial Regex Resource();
}
