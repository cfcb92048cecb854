using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Abuse;

[Collection(nameof(Alone))]
public sealed class LoginFloodTests(ServiceFixture fixture, ITestOutputHelper output)
{
    private const int Readers = 4;

    // A thousand in all, so that ten are slower than the p99.
    private const int ReadsOfEach = 250;
    private const int Attackers = 100;

    [Fact]
    public async Task Reads_keep_their_latency_while_logins_flood()
    {
        // Hashes as expensive as by default, one at a time.
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Passwords__MemoryKiB", null),
            ("FastKv__Passwords__Iterations", null),
            ("FastKv__Passwords__MaxConcurrentHashes", "1"),
            // Far fewer than the attackers, so that most are refused. It is worked off before the test ends.
            ("FastKv__Passwords__MaxQueuedHashes", "16")
        );
        var token = await service.Api.NewUserTokenAsync();
        (await service.Api.StoreAsync(token, "key", "value")).Expect(HttpStatusCode.Created);
        await ReadAsync(service, token);
        var calm = await ReadAsync(service, token);
        using var flood = new CancellationTokenSource();
        var attackers = Enumerable.Range(0, Attackers).Select(_ => AttackAsync(service, flood.Token)).ToArray();

        var flooded = await ReadAsync(service, token);

        await flood.CancelAsync();
        var answers = (await Task.WhenAll(attackers)).SelectMany(statuses => statuses).ToArray();
        output.WriteLine(
            $"GET p50 and p99: {Show(calm)} without, {Show(flooded)} with {Attackers} clients that log in; their answers: "
                + string.Join(", ", answers.CountBy(status => (int)status).Select(pair => $"{pair.Value} x {pair.Key}"))
                + "."
        );
        Assert.All(
            answers,
            status => Assert.True(status is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests, $"{status}")
        );
        Assert.True(
            Percentile(flooded, 99) < Math.Max(200, 30 * Percentile(calm, 99)),
            $"p99 rose from {Percentile(calm, 99):0.0} to {Percentile(flooded, 99):0.0} ms."
        );
    }

    private static double Percentile(List<double> sorted, int percent) => sorted[sorted.Count * percent / 100];

    private static string Show(List<double> sorted) =>
        $"{Percentile(sorted, 50):0.0} and {Percentile(sorted, 99):0.0} ms";

    private static async Task<List<double>> ReadAsync(OwnService service, string token)
    {
        var times = await Task.WhenAll(
            Enumerable
                .Range(0, Readers)
                .Select(async _ =>
                {
                    var mine = new List<double>(ReadsOfEach);
                    for (var i = 0; i < ReadsOfEach; i++)
                    {
                        var start = Stopwatch.GetTimestamp();
                        (await service.Api.RetrieveAsync(token, "key")).Expect(HttpStatusCode.OK);
                        mine.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                    }

                    return mine;
                })
        );
        return [.. times.SelectMany(mine => mine).Order()];
    }

    private static async Task<List<HttpStatusCode>> AttackAsync(OwnService service, CancellationToken end)
    {
        var answers = new List<HttpStatusCode>();
        while (!end.IsCancellationRequested)
        {
            var body = new JsonObject { ["username"] = ApiClient.NewName(), ["password"] = "wrong_password123" };
            answers.Add((await service.Api.PostAsync("/api/token", body)).Status);

            // Who is refused at once does not need to try again at once: the flood is in the logins, not in the network.
            await Task.Delay(20, CancellationToken.None);
        }

        return answers;
    }
}
