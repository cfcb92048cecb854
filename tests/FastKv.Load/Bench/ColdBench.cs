using System.Diagnostics;
using System.Globalization;
using FastKv.Load.Reports;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// <c>bench cold</c>: what a fresh process serves in its first five seconds after it said ready, as a share of what the
/// same process serves once it is warm; with what the service does about it, and without.
/// </summary>
internal sealed record ColdBench(BenchOptions Options)
{
    private const int Connections = 64;
    private static readonly TimeSpan First = TimeSpan.FromSeconds(5);
    private static readonly BenchCase Retrieve = new(Operation.Retrieve, false, Connections, 1, 100, 1000);

    public async Task<BenchReport> RunAsync(CancellationToken cancellation)
    {
        await using var workbench = await Workbench.OpenAsync(Options, cancellation);
        await using (var service = await workbench.StartServiceAsync(workbench.Settings, cancellation))
        {
            await workbench.SignInAsync(service, cancellation);
        }

        await workbench.StoreAsync(Retrieve.StoredKeys, Retrieve.ValueBytes, cancellation);
        var rows = new List<IReadOnlyList<string>>();
        var variants = new (string Name, ServiceSettings Settings)[]
        {
            ("as it comes", workbench.Settings),
            ("without the warm-up", workbench.Settings with { WarmUpSeconds = 0 }),
            (
                "and with the runtime's usual tiering",
                workbench.Settings with
                {
                    WarmUpSeconds = 0,
                    UsualTiering = true,
                }
            ),
        };
        var starts = variants.ToDictionary(variant => variant.Name, _ => new List<Start>());
        for (var round = 0; round < Options.Rounds; round++)
        {
            foreach (var (name, settings) in variants)
            {
                starts[name].Add(await StartAsync(workbench, settings, cancellation));
                await Console.Error.WriteLineAsync(
                    $"{name}, round {round + 1}: {starts[name][^1].SharePercent:0} % of the steady rate at first"
                );
            }
        }

        return new BenchReport(
            "cold",
            DateTimeOffset.UtcNow,
            Options.CommandLine,
            MachineReport.Here(),
            workbench.Pinning.Description,
            [Table(starts)],
            []
        );
    }

    private async Task<Start> StartAsync(Workbench workbench, ServiceSettings settings, CancellationToken cancellation)
    {
        var since = Stopwatch.GetTimestamp();
        await using var service = await workbench.StartServiceAsync(settings, cancellation);
        var ready = Stopwatch.GetElapsedTime(since).TotalSeconds;
        var first = await DriveAsync(First);
        await DriveAsync(Options.WarmUp);
        var steady = await DriveAsync(Options.Round);
        return new Start(ready, first.PerSecond, steady.PerSecond, first.NotOk + steady.NotOk);

        Task<DriveResult> DriveAsync(TimeSpan duration)
        {
            var plan = workbench.Plan(Retrieve, "");
            var order = new DriveOrder(service.Http1, plan, Retrieve.Connections, Retrieve.Streams, duration);
            return workbench.Drivers.For(plan, http2: false).DriveAsync(order, cancellation);
        }
    }

    private static BenchTable Table(Dictionary<string, List<Start>> starts) =>
        new(
            "Retrieve in the first 5 s after ready, HTTP/1.1, 64 connections: median (least to most) of the starts",
            ["start", "ready after, s", "first 5 s, requests/s", "steady, requests/s", "share, %", "not 2xx"],
            [
                .. starts.Select(variant =>
                    (IReadOnlyList<string>)
                        [
                            variant.Key,
                            Spread.Of(variant.Value.Select(start => start.ReadySeconds)).Text("0.0"),
                            Spread.Of(variant.Value.Select(start => start.FirstPerSecond)).Text("#,0"),
                            Spread.Of(variant.Value.Select(start => start.SteadyPerSecond)).Text("#,0"),
                            Spread.Of(variant.Value.Select(start => start.SharePercent)).Text("0"),
                            variant.Value.Sum(start => start.NotOk).ToString(CultureInfo.InvariantCulture),
                        ]
                ),
            ]
        );

    private sealed record Start(double ReadySeconds, double FirstPerSecond, double SteadyPerSecond, long NotOk)
    {
        public double SharePercent => 100 * FirstPerSecond / SteadyPerSecond;
    }
}
