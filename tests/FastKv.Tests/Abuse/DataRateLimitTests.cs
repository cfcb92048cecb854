using System.Diagnostics;
using System.Net;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Abuse;

public sealed class DataRateLimitTests(ServiceFixture fixture)
{
    private const int PerSecond = 10;

    [Fact]
    public async Task A_user_is_held_to_the_rate_and_others_are_not()
    {
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Limits__DataRequestsPerSecondPerUser", $"{PerSecond}")
        );
        var (busy, other) = (await service.Api.NewUserTokenAsync(), await service.Api.NewUserTokenAsync());
        await service.Api.RetrieveAsync(other, "warm-up");

        var watch = Stopwatch.StartNew();
        var replies = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => service.Api.RetrieveAsync(busy, "absent"))
        );
        var seconds = watch.Elapsed.TotalSeconds;

        var served = replies.Count(reply => reply.Status == HttpStatusCode.NotFound);
        Assert.InRange(served, PerSecond, PerSecond + PerSecond * seconds + 1);
        var refused = replies.Where(reply => reply.Status == HttpStatusCode.TooManyRequests).ToArray();
        Assert.Equal(replies.Length, served + refused.Length);
        Assert.All(refused, reply => Assert.Equal("TOO_MANY_REQUESTS", reply.Code));
        Assert.All(refused, reply => Assert.Equal("1", reply.Headers["Retry-After"]));
        (await service.Api.RetrieveAsync(other, "absent")).Expect(HttpStatusCode.NotFound);

        // The session is no datum.
        for (var i = 0; i < 2 * PerSecond; i++)
        {
            await service.Api.RenewAsync(busy);
        }

        await Wait.UntilAsync(
            "the user is served again",
            async () => (await service.Api.StoreAsync(busy, "key", "value")).Status == HttpStatusCode.Created
        );
    }

    [Fact]
    public async Task It_is_off_by_default()
    {
        var token = await fixture.Api.NewUserTokenAsync();

        var replies = await Task.WhenAll(
            Enumerable.Range(0, 500).Select(_ => fixture.Api.RetrieveAsync(token, "absent"))
        );

        Assert.All(replies, reply => reply.Expect(HttpStatusCode.NotFound));
    }
}
