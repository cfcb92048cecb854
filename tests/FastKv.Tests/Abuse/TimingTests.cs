using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Abuse;

[Collection(nameof(Alone))]
public sealed class TimingTests(ServiceFixture fixture, ITestOutputHelper output)
{
    // So many that a quarter of them meet nothing else that the machine does.
    private const int Samples = 100;

    [Fact]
    public async Task An_unknown_user_and_a_wrong_password_take_the_same_time()
    {
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Limits__FailedLoginsPerUsername", "0"),
            ("FastKv__Passwords__Iterations", "4")
        );
        var known = await service.Api.RegisterAsync();
        var (ofKnown, ofUnknown) = (new List<double>(), new List<double>());

        // By turns, so that whatever else the machine does falls on both; the first are left out.
        for (var i = -20; i < Samples; i++)
        {
            var (first, second) = (await TimeAsync(service, known), await TimeAsync(service, ApiClient.NewName()));
            if (i >= 0)
            {
                ofKnown.Add(first);
                ofUnknown.Add(second);
            }
        }

        ofKnown.Sort();
        ofUnknown.Sort();
        string Show(List<double> times) =>
            $"{times[Samples / 4]:0.00} / {times[Samples / 2]:0.00} / {times[Samples * 3 / 4]:0.00} ms";
        output.WriteLine($"Quartiles with a wrong password: {Show(ofKnown)}; with an unknown user: {Show(ofUnknown)}.");

        // The lower quartile: what else the machine does only ever adds time.
        var difference = Math.Abs(ofKnown[Samples / 4] - ofUnknown[Samples / 4]);
        Assert.True(
            difference < 0.25 * ofKnown[Samples / 4] + 0.5,
            $"The lower quartiles differ by {difference:0.00} ms."
        );
    }

    private static async Task<double> TimeAsync(OwnService service, string username)
    {
        var body = new JsonObject { ["username"] = username, ["password"] = "wrong_password123" };
        var start = Stopwatch.GetTimestamp();
        var reply = await service.Api.PostAsync("/api/token", body);
        var time = Stopwatch.GetElapsedTime(start);
        reply.Expect(HttpStatusCode.Unauthorized);
        return time.TotalMilliseconds;
    }
}
