using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastKv.Load.Running;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// One user reads and writes values of 1 MiB and holds back the last byte of bodies, on far more connections than there is memory
/// for; another one works with values of 100 bytes all the while, first alone.
/// </summary>
/// <param name="Http1">The service.</param>
/// <param name="Http2">Its port for HTTP/2, if the large requests come over that.</param>
internal sealed record LargeValuePressure(Uri Http1, Uri? Http2, Account Large, Account Small)
{
    private const int MiB = 1024 * 1024;
    private const int LargeKeys = 16;
    private const string SmallKey = "small";

    // A legal body: each character of the value in six bytes.
    private const int EscapedBodyBytes = 6 * MiB;
    private static readonly byte[] EscapedCharacters = Encoding.ASCII.GetBytes(
        string.Concat(Enumerable.Repeat("\\u0041", 10_000))
    );
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    // What the service asks for: clients that did not wait would measure how fast this program can send.
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SmallPause = TimeSpan.FromMilliseconds(20);

    public int Readers { get; init; } = 256;

    public int Writers { get; init; } = 64;

    public int HalfBodies { get; init; } = 300;

    public int SmallClients { get; init; } = 64;

    public async Task<PressureResult> RunAsync(TimeSpan quiet, TimeSpan pressure, CancellationToken cancellation)
    {
        using var large = HttpClients.Create(Http2 ?? Http1, Http2 is not null, Readers + Writers, Timeout);
        using var small = HttpClients.Create(Http1, http2: false, SmallClients, Timeout);
        var value = new string('v', MiB);
        for (var key = 0; key < LargeKeys; key++)
        {
            using var stored = await large.DispatchAsync(
                ApiRequests.Store(Large.Token, $"large-{key}", value),
                cancellation
            );
            RequireStored(stored);
        }

        using var first = await small.DispatchAsync(
            ApiRequests.Store(Small.Token, SmallKey, new string('s', 100)),
            cancellation
        );
        RequireStored(first);

        // What a fresh connection or code that is not compiled yet costs is not what is asked for.
        await SmallClientsAsync(small, new ConcurrentDictionary<int, long>(), TimeSpan.FromSeconds(2), cancellation);
        var quietLatency = await SmallClientsAsync(small, new ConcurrentDictionary<int, long>(), quiet, cancellation);

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        end.CancelAfter(pressure);
        ConcurrentDictionary<int, long> reads = new(),
            writes = new(),
            halves = new(),
            smalls = new();
        var update = Encoding.UTF8.GetBytes(ApiRequests.UpdateBody(value));
        var largeAsync = Task.WhenAll([
            .. Enumerable
                .Range(0, Readers)
                .Select(i => RepeatAsync(reads, () => ReadAsync(large, i, end.Token), end.Token)),
            .. Enumerable
                .Range(0, Writers)
                .Select(i => RepeatAsync(writes, () => WriteAsync(large, i, update, end.Token), end.Token)),
            .. Enumerable
                .Range(0, HalfBodies)
                .Select(_ => RepeatAsync(halves, () => HoldBackAsync(end.Token), end.Token)),
        ]);
        var latency = await SmallClientsAsync(small, smalls, pressure, cancellation);
        await largeAsync;
        return new PressureResult(pressure, quietLatency, latency, smalls, reads, writes, halves);
    }

    // A second run finds what the first has stored.
    private static void RequireStored(HttpResponseMessage reply)
    {
        if (reply.StatusCode is not HttpStatusCode.Conflict)
        {
            reply.EnsureSuccessStatusCode();
        }
    }

    private static async Task RepeatAsync(
        ConcurrentDictionary<int, long> statuses,
        Func<Task<int>> act,
        CancellationToken end
    )
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                var status = await act();
                statuses.AddOrUpdate(status, 1, static (_, count) => count + 1);
                if (status == (int)HttpStatusCode.ServiceUnavailable)
                {
                    await Task.Delay(RetryAfter, end);
                }
            }
            catch (Exception over) when (end.IsCancellationRequested && over is not OutOfMemoryException)
            {
                return;
            }
            catch (Exception broken)
                when (broken is HttpRequestException or IOException or SocketException or OperationCanceledException)
            {
                statuses.AddOrUpdate(PressureResult.Broken, 1, static (_, count) => count + 1);
            }
        }
    }

    private async Task<int> ReadAsync(HttpClient client, int reader, CancellationToken end)
    {
        using var request = ApiRequests.Retrieve(Large.Token, $"large-{reader % LargeKeys}");
        return await SendAsync(client, request, end);
    }

    private async Task<int> WriteAsync(HttpClient client, int writer, byte[] body, CancellationToken end)
    {
        using var request = ApiRequests.Update(Large.Token, $"large-{writer % LargeKeys}", "");
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        return await SendAsync(client, request, end);
    }

    private static async Task<int> SendAsync(HttpClient client, HttpRequestMessage request, CancellationToken end)
    {
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end);
        await response.Content.CopyToAsync(Stream.Null, end);
        return (int)response.StatusCode;
    }

    /// <summary>Sends all of a body but its last byte, and waits for what the service says to that.</summary>
    private async Task<int> HoldBackAsync(CancellationToken end)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Http1.Host, Http1.Port, end);
        await socket.SendAsync(
            Encoding.ASCII.GetBytes(
                $"POST /api/data HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Large.Token}\r\nContent-Type: application/json\r\nContent-Length: {EscapedBodyBytes}\r\n\r\n{{\"key\":\"half\",\"value\":\""
            ),
            end
        );
        var reply = new byte[1024];
        var replyAsync = socket.ReceiveAsync(reply, end).AsTask();
        for (var left = EscapedBodyBytes - 1024; left > 0 && !replyAsync.IsCompleted; left -= EscapedCharacters.Length)
        {
            await socket.SendAsync(EscapedCharacters.AsMemory(0, Math.Min(left, EscapedCharacters.Length)), end);
        }

        var length = await replyAsync;
        return length > 12 ? int.Parse(reply.AsSpan(9, 3)) : PressureResult.Broken;
    }

    private async Task<LatencySummary> SmallClientsAsync(
        HttpClient client,
        ConcurrentDictionary<int, long> statuses,
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
                        var status = await StatusAsync(client, request, cancellation);
                        var micros = (long)Stopwatch.GetElapsedTime(sent).TotalMicroseconds;
                        statuses.AddOrUpdate(status, 1, static (_, count) => count + 1);
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

    private static async Task<int> StatusAsync(
        HttpClient client,
        HttpRequestMessage request,
        CancellationToken cancellation
    )
    {
        try
        {
            using var response = await client.DispatchAsync(request, cancellation);
            return (int)response.StatusCode;
        }
        catch (Exception broken) when (broken is HttpRequestException or OperationCanceledException)
        {
            return PressureResult.Broken;
        }
    }
}

/// <summary>What came of it: how often each status was answered, and how long the small requests took.</summary>
internal sealed record PressureResult(
    TimeSpan Time,
    LatencySummary Quiet,
    LatencySummary UnderPressure,
    IReadOnlyDictionary<int, long> Smalls,
    IReadOnlyDictionary<int, long> Reads,
    IReadOnlyDictionary<int, long> Writes,
    IReadOnlyDictionary<int, long> HalfBodies
)
{
    /// <summary>In the place of a status: the connection broke or nothing came.</summary>
    public const int Broken = 0;

    public double SmallSuccessPercent => 100.0 * Smalls.GetValueOrDefault(200) / Math.Max(1, Smalls.Values.Sum());

    public double LargeReadsPerSecond => Reads.GetValueOrDefault(200) / Time.TotalSeconds;

    public static string Describe(IReadOnlyDictionary<int, long> statuses) =>
        string.Join(
            ", ",
            statuses.OrderBy(s => s.Key).Select(s => $"{s.Value} × {(s.Key == Broken ? "broken" : s.Key)}")
        );
}
