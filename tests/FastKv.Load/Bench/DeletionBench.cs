using System.Diagnostics;
using System.Globalization;
using FastKv.Load.Reports;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// <c>bench deletion</c>: how long it takes to delete a user with a million entries, to the answer and until nothing of them is left
/// in Redis, and what another user notices of it.
/// </summary>
internal sealed record DeletionBench(BenchOptions Options)
{
    private const int Entries = 1_000_000;
    private const int ValueBytes = 100;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    public async Task<BenchReport> RunAsync(CancellationToken cancellation)
    {
        await using var workbench = await Workbench.OpenAsync(Options, cancellation);
        await using var service = await workbench.StartServiceAsync(workbench.Settings, cancellation);
        await workbench.SignInAsync(service, cancellation);
        await workbench.StoreAsync(Entries, ValueBytes, cancellation);
        using var client = HttpClients.Create(service.Http1, http2: false, connections: 2, TimeSpan.FromSeconds(30));
        var other = await AccountMaker.MakeAsync(client, "bench-other", cancellation);
        await ReadAsync(client, other, Options.WarmUp, cancellation);
        var quiet = await ReadAsync(client, other, Options.Round, cancellation);

        var begun = Stopwatch.GetTimestamp();
        using var request = ApiRequests.DeleteAccount(workbench.Account.Token);
        using var answer = await client.DispatchAsync(request, cancellation);
        answer.EnsureSuccessStatusCode();
        var answered = Stopwatch.GetElapsedTime(begun);

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var meanwhileAsync = ReadAsync(client, other, Timeout.InfiniteTimeSpan, end.Token);
        var redisBefore = workbench.RedisCpuTime;
        while (await workbench.Keys().CountAsync(cancellation) > 0)
        {
            await Task.Delay(Poll, cancellation);
        }

        var removed = Stopwatch.GetElapsedTime(begun);
        var redisBusy = (workbench.RedisCpuTime - redisBefore) / (removed - answered);
        await end.CancelAsync();
        var meanwhile = await meanwhileAsync;
        return new BenchReport(
            "deletion",
            DateTimeOffset.UtcNow,
            Options.CommandLine,
            MachineReport.Here(),
            workbench.Pinning.Description,
            [
                new BenchTable(
                    FormattableString.Invariant(
                        $"A user with {Entries:#,0} entries of {ValueBytes} bytes is deleted while another reads, 200 times a second"
                    ),
                    [
                        "answered after, ms",
                        "all removed after, s",
                        "Redis busy meanwhile",
                        "reads of the other, p50 and p99, ms: before",
                        "meanwhile",
                    ],
                    [
                        [
                            Number(answered.TotalMilliseconds, "0"),
                            Number(removed.TotalSeconds, "0.0"),
                            Number(redisBusy, "0 %"),
                            Percentiles(quiet),
                            Percentiles(meanwhile),
                        ],
                    ]
                ),
            ],
            []
        );
    }

    /// <summary>Reads at a steady pace for a while, or until it is cancelled.</summary>
    private static async Task<List<double>> ReadAsync(
        HttpClient client,
        Account account,
        TimeSpan duration,
        CancellationToken cancellation
    )
    {
        var milliseconds = new List<double>();
        var begun = Stopwatch.GetTimestamp();
        while (
            !cancellation.IsCancellationRequested
            && (duration == Timeout.InfiniteTimeSpan || Stopwatch.GetElapsedTime(begun) < duration)
        )
        {
            var start = Stopwatch.GetTimestamp();
            using var request = ApiRequests.Retrieve(account.Token, "absent");
            using var answer = await client.DispatchAsync(request, CancellationToken.None);
            milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await Task.Delay(Pace, CancellationToken.None);
        }

        milliseconds.Sort();
        return milliseconds;
    }

    private static string Percentiles(List<double> sorted) =>
        $"{Number(sorted[sorted.Count / 2], "0.0")}, {Number(sorted[sorted.Count * 99 / 100], "0.0")}";

    private static string Number(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
