using System.Net;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Abuse;

public sealed class OverloadTests(ServiceFixture fixture)
{
    private const string HalfARequest =
        "POST /api/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";

    [Fact]
    public async Task Above_the_bound_of_requests_in_flight_the_answer_is_503_at_once_and_health_still_answers()
    {
        const int maximum = 3;
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Limits__MaxConcurrentRequests", $"{maximum}"),
            ("FastKv__Limits__MinBytesPerSecond", "0")
        );
        var held = new List<RawConnection>();
        for (var i = 0; i < maximum; i++)
        {
            held.Add(await RawConnection.OpenAsync(service.Address));
            await held[i].SendAsync(HalfARequest);
            await held[i].ReadContinueAsync();
        }

        var refused = await service.Api.GetAsync("/api/data/key");
        for (var i = 0; i < 2 * maximum; i++)
        {
            (await service.Api.GetAsync("/api/data/key")).Expect(HttpStatusCode.ServiceUnavailable);
        }

        Assert.Equal("STORE_UNAVAILABLE", refused.Code);
        Assert.Equal("1", refused.Headers["Retry-After"]);
        (await service.Api.GetAsync("/health/live")).Expect(HttpStatusCode.OK);
        (await service.Api.GetAsync("/health/ready")).Expect(HttpStatusCode.OK);
        foreach (var connection in held)
        {
            await connection.SendAsync("{}");
            Assert.Equal("MISSING_FIELDS", (await connection.ReadAsync())!.Code);
            connection.Dispose();
        }

        // What was refused was not counted as in flight for ever.
        for (var i = 0; i < 4 * maximum; i++)
        {
            (await service.Api.GetAsync("/api/data/key")).Expect(HttpStatusCode.Unauthorized);
        }
    }
}
