using System.Net;
using FastKv.Load.Bench;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Load;

public sealed class RequestResultTests
{
    [Fact]
    public async Task A_request_that_breaks_off_is_told_by_its_cause()
    {
        using var silent = new StubServer(null);
        using var other = new StubServer("nonsense\r\n\r\n");

        Assert.Equal("broken: Timeout", await GetAsync(silent.Port, TimeSpan.FromMilliseconds(100)));
        Assert.Equal("broken: InvalidResponse", await GetAsync(other.Port, TimeSpan.FromSeconds(30)));
        Assert.Equal("broken: ConnectionRefused", await GetAsync(1, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void A_stream_that_was_reset_is_told_by_the_error_code_of_HTTP_2()
    {
        var reset = new HttpProtocolException(0xb, "", null);

        Assert.Equal("broken: http2 0xb", RequestResult.Of(reset));
        Assert.Equal(
            "broken: http2 0xb",
            RequestResult.Of(new HttpRequestException(HttpRequestError.HttpProtocolError, "", reset))
        );
    }

    [Fact]
    public void Results_stand_in_a_table_with_the_answers_first()
    {
        var results = new Dictionary<string, long>
        {
            [RequestResult.Of(new HttpProtocolException(7, "", null))] = 2,
            [RequestResult.Closed] = 1,
            [RequestResult.Unavailable] = 30,
            [RequestResult.Of(HttpStatusCode.OK)] = 400,
        };

        Assert.Equal("400 × 200, 30 × 503, 1 × broken: Closed, 2 × broken: http2 0x7", RequestResult.Describe(results));
    }

    private static async Task<string> GetAsync(int port, TimeSpan timeout)
    {
        using var client = new HttpClient { Timeout = timeout };
        return RequestResult.Of(
            await Assert.ThrowsAnyAsync<Exception>(() => client.GetAsync(new Uri($"http://127.0.0.1:{port}")))
        );
    }
}
