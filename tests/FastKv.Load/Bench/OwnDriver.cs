using System.Diagnostics;
using System.Text.Json;
using FastKv.Load.Cli;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// This program once more, as a process of its own so that it can be pinned. An HttpClient costs more than Kestrel does:
/// the CPU per request that it finds is right, its requests a second are a lower bound.
/// </summary>
internal sealed class OwnDriver(WorkFolder folder, string? cores, bool http2) : IDriver
{
    public const string Command = "drive";

    public string Name => "own client";

    public async Task<DriveResult> DriveAsync(DriveOrder order, CancellationToken cancellation)
    {
        var plan = folder.Write("plan.json", JsonSerializer.Serialize(order.Plan, DriverJson.Default.RequestPlan));
        string[] arguments =
        [
            .. new[] { typeof(OwnDriver).Assembly.Location, Command, "--plan", plan },
            .. new[] { "--url", order.Target.ToString(), "--connections", $"{order.Connections}" },
            .. new[] { "--streams", $"{order.Streams}", "--seconds", $"{order.Seconds}" },
            .. http2 ? new[] { "--http2" } : [],
        ];
        var output = await ChildProcess.OutputOfAsync("dotnet", arguments, cores, cancellation);
        return JsonSerializer.Deserialize(output, DriverJson.Default.DriveResult)!;
    }

    /// <summary>The hidden command that the process above runs.</summary>
    public static async Task<int> ServeAsync(Arguments arguments, CancellationToken cancellation)
    {
        var plan = JsonSerializer.Deserialize(
            await File.ReadAllTextAsync(arguments.Text("--plan") ?? "", cancellation),
            DriverJson.Default.RequestPlan
        )!;
        var target = TargetRule.Check(arguments.Text("--url") ?? "", allowRemote: false);
        var connections = arguments.Whole("--connections", 1, 1, 4096);
        var streams = arguments.Whole("--streams", 1, 1, 1000);
        var duration = arguments.Seconds("--seconds", 1, 1, 3600);
        var overHttp2 = arguments.Flag("--http2");
        arguments.RefuseUnread();
        var result = await DriveAsync(plan, target, connections, streams, overHttp2, duration, cancellation);
        Console.WriteLine(JsonSerializer.Serialize(result, DriverJson.Default.DriveResult));
        return ExitCode.Fine;
    }

    private static async Task<DriveResult> DriveAsync(
        RequestPlan plan,
        Uri target,
        int connections,
        int streams,
        bool http2,
        TimeSpan duration,
        CancellationToken cancellation
    )
    {
        var clients = Enumerable
            .Range(0, connections)
            .Select(_ => HttpClients.Create(target, http2, connections: 1, TimeSpan.FromSeconds(10)))
            .ToArray();
        long next = -1;
        long requests = 0;
        long notOk = 0;
        string? firstFailure = null;
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            clients.SelectMany(client => Enumerable.Range(0, streams).Select(_ => Task.Run(() => Work(client))))
        );
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (var client in clients)
        {
            client.Dispose();
        }

        return new DriveResult(requests, seconds, notOk) { FirstFailure = firstFailure };

        async Task Work(HttpClient client)
        {
            while (Stopwatch.GetElapsedTime(start) < duration && !cancellation.IsCancellationRequested)
            {
                if (await FailureAsync(client) is { } failure)
                {
                    Interlocked.Increment(ref notOk);
                    Interlocked.CompareExchange(ref firstFailure, failure, null);
                }

                Interlocked.Increment(ref requests);
            }
        }

        async Task<string?> FailureAsync(HttpClient client)
        {
            var taken = Interlocked.Increment(ref next);
            var number = plan.Pick is NumberPick.Random ? Random.Shared.NextInt64(plan.Count) : taken;
            using var request = plan.Request(number);
            try
            {
                using var response = await client.DispatchAsync(request, cancellation);
                return response.IsSuccessStatusCode ? null : $"{(int)response.StatusCode}";
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                return failure.ToString();
            }
        }
    }
}
