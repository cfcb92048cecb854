// Compiled only with -p:UseNBomber=true, in a build that can restore the NBomber package.
using FastKv.Load.Reports;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;
using NBomber.Contracts;
using NBomber.Contracts.Stats;
using NBomber.CSharp;
using NBomberScenario = NBomber.CSharp.Scenario;

namespace FastKv.Load.Running;

/// <summary>
/// <c>nbomber</c>: the same scenarios and options as <c>run</c>, with NBomber as the engine and its own reports. Of the
/// thresholds it knows the failed percentage; the latency limits are the default engine's.
/// </summary>
internal static class NBomberFront
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(RunOptions options, CancellationToken cancellation)
    {
        await using var target = await LoadTarget.OpenAsync(options.Target, cancellation);
        using var client = HttpClients.Create(target.Address, options.Http2, options.Connections, options.Timeout);
        var isFine = true;
        foreach (var name in options.Scenarios)
        {
            var workload = await Workload.PrepareAsync(client, options.WorkloadFor(name), cancellation);
            isFine &= Run(ScenarioCatalogue.Create(name, workload), client, options, cancellation);
        }

        return isFine ? ExitCode.Fine : ExitCode.ThresholdBroken;
    }

    private static bool Run(
        Scenarios.Scenario scenario,
        HttpClient client,
        RunOptions options,
        CancellationToken cancellation
    )
    {
        var props = NBomberScenario
            .Create(scenario.Name, _ => StepAsync(scenario, client, cancellation))
            .WithLoadSimulations(SimulationFor(options.PlanFor(scenario)));
        props = options.WarmUp > TimeSpan.Zero ? props.WithWarmUpDuration(options.WarmUp) : props.WithoutWarmUp();
        var stats = NBomberRunner
            .RegisterScenarios(props)
            .WithTestSuite("FastKv")
            .WithTestName(scenario.Name)
            .WithReportFolder(Path.Combine(options.ReportFolder, $"nbomber-{scenario.Name}"))
            .WithReportFormats(ReportFormat.Html, ReportFormat.Md, ReportFormat.Csv)
            .Run();
        var failedPercent = stats.AllRequestCount == 0 ? 100.0 : 100.0 * stats.AllFailCount / stats.AllRequestCount;
        return stats.AllOkCount > 0 && failedPercent <= (options.Thresholds.MaxFailedPercent ?? 100);
    }

    private static async Task<IResponse> StepAsync(
        Scenarios.Scenario scenario,
        HttpClient client,
        CancellationToken cancellation
    )
    {
        var outcome = await scenario.Step(client, cancellation);
        return outcome.Failure is { } failure
            ? Response.Fail(statusCode: failure)
            : Response.Ok(statusCode: outcome.Operation.Name());
    }

    /// <summary>Inject is NBomber's open model: so many starts a second, whether or not earlier ones have ended.</summary>
    private static LoadSimulation SimulationFor(LoadPlan plan) =>
        plan.Model is LoadModel.Open
            ? Simulation.Inject(rate: (int)Math.Ceiling(plan.RatePerSecond), interval: Second, during: plan.Duration)
            : Simulation.KeepConstant(copies: plan.Workers, during: plan.Duration);
}
