using FastKv.Load.Scenarios;

namespace FastKv.Load.Bench;

/// <summary>
/// Measures the bare server and the services in turn, so that a machine that slows down slows them all. What counts is
/// the server's CPU time for a request: it does not depend on how fast the driver is.
/// </summary>
internal sealed class Comparison(Workbench workbench, IReadOnlyList<Contender> services, BenchOptions options)
{
    private const double MostPerSecondAtFirst = 40_000;
    private const double Headroom = 1.5;
    private readonly List<Measurement> measurements = [];
    private int runs;

    public IReadOnlyList<Measurement> Measurements => measurements;

    public async Task MeasureAsync(BenchCase bench, CancellationToken cancellation)
    {
        await workbench.StoreAsync(bench.StoredKeys, bench.ValueBytes, cancellation);
        var answer = await workbench.ProbeAsync(services[0].Service, bench, cancellation);
        await using var bare = await BareServer.StartAsync(
            workbench.Folder,
            answer,
            workbench.Pinning.ServerCores,
            cancellation
        );
        Contender[] contenders = [new(Contender.Bare, bare), .. services];
        var expected = await WarmUpAsync(bench, contenders, cancellation);
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var contender in round % 2 == 0 ? contenders : contenders.Reverse())
            {
                measurements.Add(await MeasureAsync(bench, contender, round, expected[contender.Name], cancellation));
                Report(measurements[^1]);
            }
        }
    }

    /// <returns>Requests a second of each contender, to know how many keys its deletes will need.</returns>
    private async Task<Dictionary<string, double>> WarmUpAsync(
        BenchCase bench,
        IEnumerable<Contender> contenders,
        CancellationToken cancellation
    )
    {
        var rates = new Dictionary<string, double>();
        foreach (var contender in contenders)
        {
            var result = await DriveAsync(bench, contender, options.WarmUp, MostPerSecondAtFirst, cancellation);
            rates[contender.Name] = result.PerSecond;
        }

        return rates;
    }

    private async Task<Measurement> MeasureAsync(
        BenchCase bench,
        Contender contender,
        int round,
        double expectedPerSecond,
        CancellationToken cancellation
    )
    {
        var cpu = TimeSpan.Zero;
        var result = await DriveAsync(
            bench,
            contender,
            options.Round,
            expectedPerSecond * Headroom,
            cancellation,
            measured => cpu = measured
        );
        return new Measurement(
            contender.Name,
            bench.Operation.Name(),
            bench.Protocol,
            workbench.Drivers.For(workbench.Plan(bench, ""), bench.Http2).Name,
            bench.Connections,
            bench.Streams,
            bench.ValueBytes,
            bench.StoredKeys,
            round,
            result.Requests,
            result.NotOk,
            cpu.TotalMicroseconds / result.Requests,
            result.PerSecond
        );
    }

    private async Task<DriveResult> DriveAsync(
        BenchCase bench,
        Contender contender,
        TimeSpan duration,
        double mostPerSecond,
        CancellationToken cancellation,
        Action<TimeSpan>? onCpu = null
    )
    {
        var name = $"r{++runs}";
        var keys = (long)(mostPerSecond * duration.TotalSeconds) + bench.Connections * bench.Streams;
        var plan = workbench.Plan(bench, name);
        if (!contender.IsBare)
        {
            await workbench.BeforeAsync(bench, name, keys, cancellation);
        }

        var target = bench.Http2 ? contender.Service.Http2 : contender.Service.Http1;
        var driver = workbench.Drivers.For(plan, bench.Http2);
        var before = contender.Service.Process.CpuTime;
        var order = new DriveOrder(target, plan, bench.Connections, bench.Streams, duration);
        var result = await driver.DriveAsync(order, cancellation);
        onCpu?.Invoke(contender.Service.Process.CpuTime - before);
        if (!contender.IsBare)
        {
            await workbench.AfterAsync(bench, name, Math.Max(keys, result.Requests + bench.Connections), cancellation);
        }

        return result.Requests > 0
            ? result
            : throw new InvalidOperationException(
                $"{contender.Name} answered nothing: {contender.Service.Process.LastLines}"
            );
    }

    private static void Report(Measurement one) =>
        Console.Error.WriteLine(
            FormattableString.Invariant(
                $"{one.Operation, -8} {one.Protocol, -8} {one.Connections, 3} connections, {one.StoredKeys} keys of {one.ValueBytes} B, round {one.Round + 1}: {one.Server, -14} {one.CpuMicrosecondsPerRequest, 7:0.0} µs CPU, {one.RequestsPerSecond, 7:0}/s, {one.NotOk} not 2xx"
            )
        );
}
