using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using FastKv.Load.Cli;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>What the large clients do, and for how long.</summary>
internal sealed record LargeOrder(
    Uri Http1,
    Uri? Http2,
    string Token,
    int Readers,
    int Writers,
    int HalfBodies,
    double Seconds
);

/// <summary>How often the large clients came to each <see cref="RequestResult"/>.</summary>
internal sealed record LargeResult(
    IReadOnlyDictionary<string, long> Reads,
    IReadOnlyDictionary<string, long> Writes,
    IReadOnlyDictionary<string, long> HalfBodies
);

[JsonSourceGenerationOptions]
[JsonSerializable(typeof(LargeOrder))]
[JsonSerializable(typeof(LargeResult))]
internal sealed partial class PressureJson : JsonSerializerContext;

/// <summary>This program once more, as a process of its own: clients that read, write and hold back values of 1 MiB.</summary>
internal sealed class LargeClients(LargeOrder order, CancellationToken end)
{
    public const string Command = "press";

    public const int ValueBytes = 1024 * 1024;

    /// <summary>What they read and write.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. Enumerable.Range(0, 16).Select(i => $"large-{i}")];

    // A legal body: each character of the value in six bytes.
    private const int EscapedBodyBytes = 6 * ValueBytes;
    private static readonly byte[] EscapedCharacters = Encoding.ASCII.GetBytes(
        string.Concat(Enumerable.Repeat("\\u0041", 10_000))
    );

    private static readonly byte[] UpdateBody = Encoding.UTF8.GetBytes(
        ApiRequests.UpdateBody(new string('v', ValueBytes))
    );

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    // What the service asks for, and up to as much again, so that they do not all come back at once.
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>The hidden command: reads the order, prints the result.</summary>
    public static async Task<int> ServeAsync(Arguments arguments, CancellationToken cancellation)
    {
        var text = await File.ReadAllTextAsync(arguments.Text("--order") ?? "", cancellation);
        arguments.RefuseUnread();
        var order = JsonSerializer.Deserialize(text, PressureJson.Default.LargeOrder)!;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        end.CancelAfter(TimeSpan.FromSeconds(order.Seconds));
        var result = await new LargeClients(order, end.Token).RunAsync();
        Console.WriteLine(JsonSerializer.Serialize(result, PressureJson.Default.LargeResult));
        return ExitCode.Fine;
    }

    private async Task<LargeResult> RunAsync()
    {
        var (target, overHttp2) = (order.Http2 ?? order.Http1, order.Http2 is not null);
        using var client = HttpClients.Create(target, overHttp2, order.Readers + order.Writers, Timeout);
        ConcurrentDictionary<string, long> reads = [],
            writes = [],
            halves = [];
        await Task.WhenAll([
            .. Enumerable.Range(0, order.Readers).Select(i => RepeatAsync(reads, () => ReadAsync(client, Key(i)))),
            .. Enumerable.Range(0, order.Writers).Select(i => RepeatAsync(writes, () => WriteAsync(client, Key(i)))),
            .. Enumerable.Range(0, order.HalfBodies).Select(_ => RepeatAsync(halves, HoldBackAsync)),
        ]);
        return new LargeResult(reads, writes, halves);

        static string Key(int number) => Keys[number % Keys.Count];
    }

    private async Task RepeatAsync(ConcurrentDictionary<string, long> results, Func<Task<string>> act)
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                var result = await act();
                results.AddOrUpdate(result, 1, static (_, count) => count + 1);
                if (result == RequestResult.Unavailable)
                {
                    await Task.Delay(RetryAfter * (1 + Random.Shared.NextDouble()), end);
                }
            }
            catch (Exception over) when (end.IsCancellationRequested && over is not OutOfMemoryException)
            {
                return;
            }
            catch (Exception broken)
                when (broken is HttpRequestException or IOException or SocketException or OperationCanceledException)
            {
                results.AddOrUpdate(RequestResult.Of(broken), 1, static (_, count) => count + 1);
            }
        }
    }

    private async Task<string> ReadAsync(HttpClient client, string key)
    {
        using var request = ApiRequests.Retrieve(order.Token, key);
        return await SendAsync(client, request);
    }

    private async Task<string> WriteAsync(HttpClient client, string key)
    {
        using var request = ApiRequests.Update(order.Token, key, "");
        request.Content = new ByteArrayContent(UpdateBody);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        return await SendAsync(client, request);
    }

    private async Task<string> SendAsync(HttpClient client, HttpRequestMessage request)
    {
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end);
        await response.Content.CopyToAsync(Stream.Null, end);
        return RequestResult.Of(response.StatusCode);
    }

    /// <summary>Sends all of a body but its last byte, and waits for what the service says to that.</summary>
    private async Task<string> HoldBackAsync()
    {
        var target = order.Http1;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(target.Host, target.Port, end);
        await socket.SendAsync(
            Encoding.ASCII.GetBytes(
                $"POST /api/data HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {order.Token}\r\nContent-Type: application/json\r\nContent-Length: {EscapedBodyBytes}\r\n\r\n{{\"key\":\"half\",\"value\":\""
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
        return length > 12 ? Encoding.ASCII.GetString(reply.AsSpan(9, 3)) : RequestResult.Closed;
    }
}
