using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using FastKv.Load.Running;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// One user reads and writes values of 1 MiB and holds back the last byte of bodies, on far more connections than there is memory
/// for (<see cref="LargeClients"/>); another one works with values of 100 bytes all the while, first alone.
/// </summary>
/// <param name="Http1">The service.</param>
/// <param name="Http2">Its port for HTTP/2, if the large requests come over that.</param>
internal sealed record LargeValuePressure(Uri Http1, Uri? Http2, Account Large, Account Small)
{
    private const string SmallKey = "small";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SmallPause = TimeSpan.FromMilliseconds(20);

    public int Readers { get; init; } = 256;

    public int Writers { get; init; } = 64;

    public int HalfBodies { get; init; } = 300;

    public int SmallClients { get; init; } = 64;

    /// <summary>The cores of the large clients; null: any.</summary>
    public string? Cores { get; init; }

    public async Task<PressureResult> RunAsync(TimeSpan quiet, TimeSpan pressure, CancellationToken cancellation)
    {
        using var client = HttpClients.Create(Http1, http2: false, SmallClients, Timeout);
        await StoreAsync(
            client,
            Large.Token,
            LargeClients.Keys,
            new string('v', LargeClients.ValueBytes),
            cancellation
        );
        await StoreAsync(client, Small.Token, [SmallKey], new string('s', 100), cancellation);

        // What a fresh connection or code that is not compiled yet costs is not what is asked for.
        await SmallClientsAsync(client, [], TimeSpan.FromSeconds(2), cancellation);
        var quietLatency = await SmallClientsAsync(client, [], quiet, cancellation);

        var largeAsync = PressAsync(pressure, cancellation);
        ConcurrentDictionary<string, long> smalls = [];
        var latency = await SmallClientsAsync(client, smalls, pressure, cancellation);
        return new PressureResult(pressure, quietLatency, latency, smalls, await largeAsync);
    }

    /// <summary>
    /// Runs the large clients in a process of their own that takes only the time that the others leave: several hundred of them
    /// cost more than the service does, and small clients that wait for them would tell nothing about the service.
    /// </summary>
    private async Task<LargeResult> PressAsync(TimeSpan time, CancellationToken cancellation)
    {
        using var folder = new WorkFolder();
        var order = new LargeOrder(Http1, Http2, Large.Token, Readers, Writers, HalfBodies, time.TotalSeconds);
        var path = folder.Write("order.json", JsonSerializer.Serialize(order, PressureJson.Default.LargeOrder));
        string[] command = ["dotnet", typeof(LargeClients).Assembly.Location, LargeClients.Command, "--order", path];
        string[] nice = ProgramPath.Find("nice") is { } program ? [program, "-n", "19", .. command] : command;
        var output = await ChildProcess.OutputOfAsync(nice[0], nice[1..], Cores, cancellation);
        return JsonSerializer.Deserialize(output, PressureJson.Default.LargeResult)!;
    }

    private static async Task StoreAsync(
        HttpClient client,
        string token,
        IEnumerable<string> keys,
        string value,
        CancellationToken cancellation
    )
    {
        foreach (var key in keys)
        {
            using var request = ApiRequests.Store(token, key, value);
            using var reply = await client.DispatchAsync(request, cancellation);

            // A second run finds what the first has stored.
            if (reply.StatusCode is not HttpStatusCode.Conflict)
            {
                reply.EnsureSuccessStatusCode();
            }
        }
    }

    private async Task<LatencySummary> SmallClientsAsync(
        HttpClient client,
        ConcurrentDictionary<string, long> results,
        TimeSpan time,
        CancellationToken cancellation
    )
    {
        var latencies = LatencyHistogram.Create();
        var since = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            Enumerable
                .Range(0, SmallClients)
                .Select(async i =>
                {
                    while (Stopwatch.GetElapsedTime(since) < time)
                    {
                        using var request =
                            i % 2 == 0
                                ? ApiRequests.Retrieve(Small.Token, SmallKey)
                                : ApiRequests.Update(Small.Token, SmallKey, new string('s', 100));
                        var sent = Stopwatch.GetTimestamp();
                        var result = await ResultAsync(client, request, cancellation);
                        var micros = (long)Stopwatch.GetElapsedTime(sent).TotalMicroseconds;
                        results.AddOrUpdate(result, 1, static (_, count) => count + 1);
                        lock (latencies)
                        {
                            latencies.RecordValue(Math.Clamp(micros, 1, LatencyHistogram.MostMicroseconds));
                        }

                        await Task.Delay(SmallPause, cancellation);
                    }
                })
        );
        return LatencySummary.Of(latencies);
    }

    private static async Task<string> ResultAsync(
        HttpClient client,
        HttpRequestMessage request,
        CancellationToken cancellation
    )
    {
        try
        {
            using var response = await client.DispatchAsync(request, cancellation);
            return RequestResult.Of(response.StatusCode);
        }
        catch (Exception broken) when (broken is HttpRequestException or OperationCanceledException)
        {
            return RequestResult.Of(broken);
        }
    }
}

/// <summary>What came of it: how often each <see cref="RequestResult"/>, and how long the small requests took.</summary>
internal sealed record PressureResult(
    TimeSpan Time,
    LatencySummary Quiet,
    LatencySummary UnderPressure,
    IReadOnlyDictionary<string, long> Smalls,
    LargeResult Large
)
{
    /// <summary>What a table has of it, by the names of its columns.</summary>
    public static IReadOnlyList<string> Columns { get; } =
    [
        "large requests over",
        "small p99 alone, ms",
        "small p99, ms",
        "small answered, %",
        "large reads",
        "large writes",
        "half bodies",
    ];

    public double SmallSuccessPercent =>
        100.0 * Smalls.GetValueOrDefault(RequestResult.Ok) / Math.Max(1, Smalls.Values.Sum());

    public double LargeReadsPerSecond => Large.Reads.GetValueOrDefault(RequestResult.Ok) / Time.TotalSeconds;

    /// <summary>The cells under <see cref="Columns"/>.</summary>
    /// <param name="overHttp2">Whether the large requests came over HTTP/2.</param>
    public IReadOnlyList<string> Cells(bool overHttp2) =>
        [
            overHttp2 ? "HTTP/2" : "HTTP/1.1",
            Quiet.P99Milliseconds.ToString("0.#", CultureInfo.InvariantCulture),
            UnderPressure.P99Milliseconds.ToString("0.#", CultureInfo.InvariantCulture),
            SmallSuccessPercent.ToString("0.000", CultureInfo.InvariantCulture),
            RequestResult.Describe(Large.Reads),
            RequestResult.Describe(Large.Writes),
            RequestResult.Describe(Large.HalfBodies),
        ];
}
