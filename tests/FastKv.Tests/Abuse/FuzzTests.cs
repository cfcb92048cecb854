using System.Globalization;
using System.Net;
using System.Net.Sockets;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Abuse;

public sealed class FuzzTests(ServiceFixture fixture, ITestOutputHelper output)
{
    private const int Requests = 20_000;
    private const int Workers = 4;
    private const int Pipelined = 20;
    private const int DefaultSeed = 20_000;

    /// <summary>The same requests each time; FASTKV_FUZZ_SEED makes others, FASTKV_FUZZ_REQUESTS more.</summary>
    [Fact]
    public async Task No_odd_request_gets_a_5xx_or_a_body_outside_the_envelope()
    {
        var seed = Number("FASTKV_FUZZ_SEED") ?? DefaultSeed;
        var requests = Number("FASTKV_FUZZ_REQUESTS") ?? Requests;
        output.WriteLine($"{requests} requests, FASTKV_FUZZ_SEED={seed}.");
        Console.WriteLine($"Fuzz: {requests} requests, FASTKV_FUZZ_SEED={seed}.");
        await using var service = await OwnService.StartAsync(fixture);
        // With a password that the odd requests do not know: else one of them changes it, or deletes the user.
        var registration = ApiClient.Registration();
        registration["password"] = "password_of_the_fuzz_1";
        (await service.Api.PostAsync("/api/register", registration)).Expect(HttpStatusCode.Created);
        var token = await service.Api.SignInAsync(
            registration["username"]!.GetValue<string>(),
            "password_of_the_fuzz_1"
        );

        var counts = await Task.WhenAll(
            Enumerable
                .Range(0, Workers)
                .Select(worker =>
                    RunAsync(service.Address, new OddRequests(seed + worker, token), requests / Workers, seed)
                )
        );

        output.WriteLine(
            "Answers: "
                + string.Join(
                    ", ",
                    counts
                        .SelectMany(count => count)
                        .GroupBy(pair => pair.Key)
                        .OrderBy(group => group.Key)
                        .Select(group => $"{group.Sum(pair => pair.Value)} x {group.Key}")
                )
                + " (0 is a connection that was closed without a word)."
        );
        (await service.Api.StoreAsync(token, ApiClient.NewName(), "value")).Expect(HttpStatusCode.Created);
        Assert.DoesNotContain("fail:", service.Process.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", service.Process.Log, StringComparison.Ordinal);
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    // Several requests at once on a connection; one without a clear end is the last on its connection.
    private static async Task<Dictionary<int, int>> RunAsync(Uri address, OddRequests odd, int count, int seed)
    {
        var statuses = new Dictionary<int, int>();
        var connection = await RawConnection.OpenAsync(address);
        for (var done = 0; done < count; )
        {
            var batch = new List<OddRequest>();
            do
            {
                batch.Add(odd.Next());
            } while (batch[^1].IsFramed && batch.Count < Pipelined);

            // Sent while the answers are read, so that neither side waits for the other.
            var sentAsync = SendAsync(connection, batch);
            var isOver = false;
            foreach (var request in batch.TakeWhile(_ => !isOver))
            {
                var answer = await ReadAsync(connection, request);
                var status = answer?.Status ?? 0;
                statuses[status] = statuses.GetValueOrDefault(status) + 1;
                done++;
                var fault =
                    answer is not null ? answer.Fault(request.IsHead)
                    : request.IsFramed ? "no answer"
                    : null;
                if (fault is not null)
                {
                    Assert.Fail($"FASTKV_FUZZ_SEED={seed}: {fault}\n{answer?.Head}\n{answer?.Text}\nto:\n{request}");
                }

                // What came behind it on this connection is not answered.
                isOver = answer is { IsLast: true } || !request.IsFramed;
            }

            if (isOver)
            {
                connection.Dispose();
                connection = await RawConnection.OpenAsync(address);
            }

            await sentAsync;
        }

        connection.Dispose();
        return statuses;
    }

    // Whether all of it arrived is told by the answers.
    private static async Task SendAsync(RawConnection connection, List<OddRequest> batch)
    {
        try
        {
            await connection.SendAsync(batch.SelectMany(request => request.Bytes).ToArray());
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException or OperationCanceledException)
        { }
    }

    private static async Task<RawAnswer?> ReadAsync(RawConnection connection, OddRequest request)
    {
        try
        {
            var limit = TimeSpan.FromSeconds(request.IsFramed ? 30 : 0.2);
            return await connection.ReadAsync(request.IsHead, limit);
        }
        catch (Exception exception)
            when (!request.IsFramed && exception is SocketException or OperationCanceledException)
        {
            // Half a request gets no answer until its time is up.
            return null;
        }
    }
}
