using FastKv.Load.Reports;
using FastKv.Load.Running;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load;

/// <summary><c>run</c>: scenarios one after another against one target, then the reports.</summary>
internal sealed class RunCommand(RunOptions options)
{
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        await using var target = await LoadTarget.OpenAsync(options.Target, cancellation);
        using var client = HttpClients.Create(target.Address, options.Http2, options.Connections, options.Timeout);
        var reports = new List<ScenarioReport>();
        foreach (var name in options.Scenarios)
        {
            reports.Add(await RunAsync(name, client, cancellation));
            target.ThrowIfEnded();
        }

        var report = new RunReport(
            DateTimeOffset.UtcNow,
            options.CommandLine,
            target.Description,
            options.Http2 ? "HTTP/2" : "HTTP/1.1",
            MachineReport.Here(),
            reports
        );
        Save(report);
        return report.ThresholdsMet ? ExitCode.Fine : ExitCode.ThresholdBroken;
    }

    private async Task<ScenarioReport> RunAsync(string name, HttpClient client, CancellationToken cancellation)
    {
        var scenario = ScenarioCatalogue.Create(
            name,
            await Workload.PrepareAsync(client, options.WorkloadFor(name), cancellation)
        );
        var plan = options.PlanFor(scenario);
        if (options.WarmUp > TimeSpan.Zero)
        {
            var warmUp = plan with { Duration = options.WarmUp };
            await LiveTable.ShowAsync(
                $"{name} (warm-up)",
                show => new LoadRunner(scenario, client, warmUp).RunAsync(show, cancellation)
            );
        }

        var result = await LiveTable.ShowAsync(
            name,
            show => new LoadRunner(scenario, client, plan).RunAsync(show, cancellation)
        );
        var report = ScenarioReport.Of(result, options.Thresholds.Judge(result));
        SummaryTable.Print(report);
        return report;
    }

    private void Save(RunReport report)
    {
        var json = ReportFiles.Write(options.ReportFolder, "run", report.CreatedAt, "json", JsonReport.Write(report));
        var html = ReportFiles.Write(options.ReportFolder, "run", report.CreatedAt, "html", HtmlReport.Write(report));
        Console.WriteLine($"Reports: {json} and {html}");
    }
}
