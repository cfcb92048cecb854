using FastKv.Load.Scenarios;

namespace FastKv.Load.Bench;

/// <summary>
/// Measures the bare server and the services in turn, so that a machine that slows down slows them all. What counts is
/// the server's CPU time for a request: it does not depend on how fast the driver is.
/// </summary>
internal sealed class Comparison(Workbench workbench, IReadOnlyList<Contender> services, BenchOptions options)
{
    /// <summary>More than one core has been seen to delete: so many keys are stored for each second of deletes.</summary>
    private const int MostDeletesPerSecond = 60_000;
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
        foreach (var contender in contenders)
        {
            await DriveAsync(bench, contender, options.WarmUp, cancellation);
        }

        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var contender in round % 2 == 0 ? contenders : contenders.Reverse())
            {
                measurements.Add(await MeasureAsync(bench, contender, round, cancellation));
                Report(measurements[^1]);
            }
        }
    }

    private async Task<Measurement> MeasureAsync(
        BenchCase bench,
        Contender contender,
        int round,
        CancellationToken cancellation
    )
    {
        var (result, driver, cpu) = await DriveAsync(bench, contender, options.Round, cancellation);
        if (result.FirstFailure is { } failure)
        {
            await Console.Error.WriteLineAsync($"The first of {result.NotOk} failures: {failure}");
        }

        return new Measurement(
            contender.Name,
            bench.Operation.Name(),
            bench.Protocol,
            driver,
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

    private async Task<(DriveResult Result, string Driver, TimeSpan ServerCpu)> DriveAsync(
        BenchCase bench,
        Contender contender,
        TimeSpan duration,
        CancellationToken cancellation
    )
    {
        var name = $"r{++runs}";
        var keys = (long)(MostDeletesPerSecond * duration.TotalSeconds);
        if (!contender.IsBare)
        {
            await workbench.BeforeAsync(bench, name, keys, cancellation);
        }

        var plan = workbench.Plan(bench, name);
        var target = bench.Http2 ? contender.Service.Http2 : contender.Service.Http1;
        var driver = workbench.Drivers.For(plan, bench.Http2);
        var order = new DriveOrder(target, plan, bench.Connections, bench.Streams, duration);
        var before = contender.Service.Process.CpuTime;
        var result = await driver.DriveAsync(order, cancellation);
        var cpu = contender.Service.Process.CpuTime - before;
        if (!contender.IsBare)
        {
            await workbench.AfterAsync(bench, name, keys, cancellation);
        }

        return result.Requests > 0
            ? (result, driver.Name, cpu)
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
