using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using FastKv.Load.Reports;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// <c>bench list</c>: whether a page of keys costs the service and Redis the same however many keys the user has, and however many
/// others there are; and what a walk costs that begins before a million names whose entries have just expired.
/// </summary>
internal sealed record ListBench(BenchOptions Options)
{
    private const int Few = 100;
    private const int Many = 1_000_000;
    private const int KeysOfPage = 50;
    private const int KeysOfWalkPage = 1000;
    private const int Connections = 64;
    private const string Prefix = "k";

    // Before the other keys in the order of bytes, so that a walk meets them first.
    private const string ExpiredPrefix = "expired";

    public async Task<BenchReport> RunAsync(CancellationToken cancellation)
    {
        await using var workbench = await Workbench.OpenAsync(Options, cancellation);
        await using var service = await workbench.StartServiceAsync(workbench.Settings, cancellation);
        await workbench.SignInAsync(service, cancellation);
        var keys = workbench.Keys();

        await keys.StoreAsync(Prefix, Few, 1, cancellation);
        await DriveAsync(workbench, service, Few, Options.WarmUp, cancellation);
        List<IReadOnlyList<string>> pages = [await RowAsync("100 keys of the user", Few)];
        await keys.StoreForOthersAsync(Many, cancellation);
        pages.Add(await RowAsync("the same, and 1,000,000 other users with a key each", Few));
        await keys.StoreAsync(Prefix, Many, 1, cancellation);
        pages.Add(await RowAsync("1,000,000 keys of the user, and the others", Many));

        await keys.ExpireAsync(ExpiredPrefix, Many, cancellation);
        var walk = await WalkAsync(workbench, service, cancellation);
        return new BenchReport(
            "list",
            DateTimeOffset.UtcNow,
            Options.CommandLine,
            MachineReport.Here(),
            workbench.Pinning.Description,
            [PageTable(pages), walk],
            []
        );

        async Task<IReadOnlyList<string>> RowAsync(string name, int stored)
        {
            var rounds = new List<PageCost>();
            for (var round = 0; round < Options.Rounds; round++)
            {
                rounds.Add(await DriveAsync(workbench, service, stored, Options.Round, cancellation));
                await Console.Error.WriteLineAsync(FormattableString.Invariant($"{name}: {rounds[^1]}"));
            }

            return
            [
                name,
                Spread.Of(rounds.Select(round => round.ServiceMicroseconds)).Text("0.0"),
                Spread.Of(rounds.Select(round => round.RedisMicroseconds)).Text("0.0"),
                Spread.Of(rounds.Select(round => round.PerSecond)).Text("#,0"),
                rounds.Sum(round => round.NotOk).ToString(CultureInfo.InvariantCulture),
            ];
        }
    }

    /// <summary>Asks for a page that begins in the middle of what is stored.</summary>
    private static async Task<PageCost> DriveAsync(
        Workbench workbench,
        ServiceProcess service,
        int stored,
        TimeSpan duration,
        CancellationToken cancellation
    )
    {
        var middle = Encoding.ASCII.GetBytes(Prefix + RequestPlan.Digits(stored / 2 - 1));
        var path = $"/api/data?limit={KeysOfPage}&cursor={Base64Url.EncodeToString(middle)}";
        var plan = new RequestPlan("GET", path, null, workbench.Account.Token, NumberPick.Random, 1);
        var order = new DriveOrder(service.Http1, plan, Connections, 1, duration);
        var (ofService, ofRedis) = (service.Process.CpuTime, workbench.RedisCpuTime);
        var result = await workbench.Drivers.For(plan, http2: false).DriveAsync(order, cancellation);
        return new PageCost(
            (service.Process.CpuTime - ofService).TotalMicroseconds / result.Requests,
            (workbench.RedisCpuTime - ofRedis).TotalMicroseconds / result.Requests,
            result.PerSecond,
            result.NotOk
        );
    }

    /// <summary>Walks page by page, as a client does, up to the first key that exists.</summary>
    private static async Task<BenchTable> WalkAsync(
        Workbench workbench,
        ServiceProcess service,
        CancellationToken cancellation
    )
    {
        using var client = HttpClients.Create(service.Http1, http2: false, connections: 1, TimeSpan.FromSeconds(30));
        var milliseconds = new List<double>();
        var cursor = "";
        string? first;
        do
        {
            var begun = Stopwatch.GetTimestamp();
            using var request = ApiRequests.Request(
                HttpMethod.Get,
                $"/api/data?limit={KeysOfWalkPage}{cursor}",
                workbench.Account.Token,
                null
            );
            using var response = await client.DispatchAsync(request, cancellation);
            response.EnsureSuccessStatusCode();
            milliseconds.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
            var data = answer.RootElement.GetProperty("data");
            cursor = data.GetProperty("next_cursor").GetString() is { } next ? $"&cursor={next}" : "";
            first = data.GetProperty("items").EnumerateArray().FirstOrDefault()
                is { ValueKind: JsonValueKind.Object } item
                ? item.GetProperty("key").GetString()
                : null;
        } while (first is null && cursor.Length > 0);

        return new BenchTable(
            $"A walk in pages of {KeysOfWalkPage} that begins before 1,000,000 names whose entries have just expired",
            ["first key listed", "first page, ms", "pages before the first key", "a page, ms"],
            [
                [
                    first ?? "none",
                    milliseconds[0].ToString("0.0", CultureInfo.InvariantCulture),
                    (milliseconds.Count - 1).ToString(CultureInfo.InvariantCulture),
                    Spread.Of(milliseconds).Text("0.0"),
                ],
            ]
        );
    }

    private static BenchTable PageTable(IReadOnlyList<IReadOnlyList<string>> rows) =>
        new(
            $"A page of {KeysOfPage} keys that begins in the middle, HTTP/1.1, {Connections} connections: median (least to most) of the rounds",
            ["stored", "service, CPU µs/page", "Redis, CPU µs/page", "pages/s", "not 2xx"],
            rows
        );

    private sealed record PageCost(double ServiceMicroseconds, double RedisMicroseconds, double PerSecond, long NotOk);
}
