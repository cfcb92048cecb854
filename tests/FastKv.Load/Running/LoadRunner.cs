using System.Collections.Concurrent;
using System.Diagnostics;
using FastKv.Load.Scenarios;

namespace FastKv.Load.Running;

/// <summary>Runs a scenario by a plan: arrivals, a fixed number of workers, and a collector every second.</summary>
internal sealed class LoadRunner(Scenario scenario, HttpClient client, LoadPlan plan)
{
    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, long> failures = new();

    /// <summary>A rest of a second at the end that is shorter is not shown: it would look like the last second again.</summary>
    private const double ShortestShown = 0.25;

    /// <summary>
    /// Ends after the plan's duration and, at the latest, one request timeout more; or when it is cancelled, with what was measured
    /// until then.
    /// </summary>
    public async Task<LoadResult> RunAsync(Action<Sample> onSample, CancellationToken cancellation)
    {
        IArrivals arrivals =
            plan.Model is LoadModel.Open
                ? new OpenArrivals(plan.RatePerSecond, plan.Duration, plan.QueueCapacity)
                : new ClosedArrivals(plan.Duration);
        var recorders = Enumerable
            .Range(0, plan.Workers)
            .Select(_ => new WorkerRecorder(scenario.Operations))
            .ToArray();
        var collector = new Collector(scenario, recorders, arrivals);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stop.CancelAfter(plan.Duration + plan.RequestTimeout);

        var startedAt = DateTimeOffset.UtcNow;
        var cpuBefore = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        arrivals.Start(stop.Token);
        var workers = Task.WhenAll(
            recorders.Select(recorder => Task.Run(() => WorkAsync(arrivals, recorder, stop.Token, cancellation)))
        );
        while (await Task.WhenAny(workers, Task.Delay(SampleEvery, CancellationToken.None)) != workers)
        {
            onSample(collector.Collect(Stopwatch.GetElapsedTime(start).TotalSeconds));
        }

        await workers;
        var isWhole = !cancellation.IsCancellationRequested;
        var elapsed = Stopwatch.GetElapsedTime(start);
        var cpu = Environment.CpuUsage.TotalTime - cpuBefore;
        if (isWhole)
        {
            arrivals.Abandon();
        }

        var rest = collector.Collect(elapsed.TotalSeconds);
        if (rest.LengthSeconds >= ShortestShown)
        {
            onSample(rest);
        }

        return new LoadResult(
            scenario,
            plan,
            startedAt,
            elapsed.TotalSeconds,
            arrivals.Offered,
            arrivals.Dropped,
            100 * (cpu / elapsed),
            collector.Totals,
            failures,
            collector.Samples
        );
    }

    /// <summary>The same for who has no use for less than the whole.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<LoadResult> RunToEndAsync(CancellationToken cancellation)
    {
        var result = await RunAsync(_ => { }, cancellation);
        cancellation.ThrowIfCancellationRequested();
        return result;
    }

    private async Task WorkAsync(
        IArrivals arrivals,
        WorkerRecorder recorder,
        CancellationToken stop,
        CancellationToken interrupted
    )
    {
        var inFlight = false;
        try
        {
            while (await arrivals.NextAsync(stop) is { } intendedStart)
            {
                inFlight = true;
                var sent = Stopwatch.GetTimestamp();
                var outcome = await scenario.Step(client, stop);
                var answered = Stopwatch.GetTimestamp();
                inFlight = false;
                if (interrupted.IsCancellationRequested)
                {
                    return;
                }

                if (outcome.Failure is { } failure)
                {
                    Fail(recorder, outcome.Operation, failure);
                }
                else
                {
                    recorder.Ok(outcome.Operation, Microseconds(intendedStart, answered), Microseconds(sent, answered));
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Who interrupts the run does not make a request fail.
            if (inFlight && !interrupted.IsCancellationRequested)
            {
                Fail(recorder, scenario.Operations[0], "unfinished");
            }
        }
    }

    private void Fail(WorkerRecorder recorder, Operation operation, string failure)
    {
        recorder.Failed(operation);
        failures.AddOrUpdate(failure, 1, (_, count) => count + 1);
    }

    private static long Microseconds(long from, long to) => (long)Stopwatch.GetElapsedTime(from, to).TotalMicroseconds;
}
