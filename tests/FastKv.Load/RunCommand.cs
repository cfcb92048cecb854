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
        string? ended = null;
        foreach (var name in options.Scenarios)
        {
            try
            {
                if (await RunAsync(name, client, cancellation) is { } done)
                {
                    reports.Add(done);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // What was measured before is reported.
            }
            catch (Exception failure)
                when (reports.Count > 0
                    && failure is InvalidOperationException or HttpRequestException or TimeoutException
                )
            {
                ended = failure.Message;
            }

            ended = target.EndedBecause ?? ended;
            if (ended is not null || cancellation.IsCancellationRequested)
            {
                break;
            }
        }

        if (reports.Count > 1)
        {
            SummaryTable.Print(reports);
        }

        // Ctrl+C reaches what was started here, too.
        if (ended is not null && !cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync(ended);
        }

        var isWhole = !cancellation.IsCancellationRequested;
        if (reports.Count > 0)
        {
            Save(
                new RunReport(
                    DateTimeOffset.UtcNow,
                    options.CommandLine,
                    target.Description,
                    options.Http2 ? "HTTP/2" : "HTTP/1.1",
                    MachineReport.Here(),
                    reports,
                    IsInterrupted: !isWhole
                )
            );
        }

        cancellation.ThrowIfCancellationRequested();
        return ended is null && reports.All(report => report.ThresholdsMet) ? ExitCode.Fine : ExitCode.ThresholdBroken;
    }

    /// <returns>Null if it was interrupted before it began to count.</returns>
    private async Task<ScenarioReport?> RunAsync(string name, HttpClient client, CancellationToken cancellation)
    {
        await Console.Error.WriteLineAsync($"{name}: preparing {options.Accounts} accounts and {options.Keys} keys...");
        var workload = await Workload.PrepareAsync(client, options.WorkloadFor(name), cancellation);
        try
        {
            return await MeasureAsync(name, ScenarioCatalogue.Create(name, workload), client, cancellation);
        }
        finally
        {
            // What was started here goes with all that is in it.
            if (options.Target.Address is not null)
            {
                await DeleteAccountsAsync(name, workload, client);
            }
        }
    }

    /// <summary>Leaves a service that was there before as it was. Ctrl+C does not stop it; it has a minute.</summary>
    private static async Task DeleteAccountsAsync(string name, Workload workload, HttpClient client)
    {
        await Console.Error.WriteLineAsync($"{name}: deleting the accounts that were made...");
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        if (await workload.DeleteAccountsAsync(client, limit.Token) is (> 0 and var left, var because))
        {
            await Console.Error.WriteLineAsync($"{left} accounts, named {workload.Prefix}-…, are left: {because}");
        }
    }

    /// <returns>Null if it was interrupted before it began to count.</returns>
    private async Task<ScenarioReport?> MeasureAsync(
        string name,
        Scenario scenario,
        HttpClient client,
        CancellationToken cancellation
    )
    {
        var plan = options.PlanFor(scenario);
        if (options.WarmUp > TimeSpan.Zero)
        {
            var warmUp = plan with { Duration = options.WarmUp };
            await LiveTable.ShowAsync(
                $"{name} (warm-up)",
                show => new LoadRunner(scenario, client, warmUp).RunAsync(show, cancellation)
            );
        }

        if (cancellation.IsCancellationRequested)
        {
            return null;
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
