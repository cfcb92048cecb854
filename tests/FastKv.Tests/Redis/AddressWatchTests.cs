using System.Net;
using System.Net.Sockets;
using FastKv.Redis;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace FastKv.Tests.Redis;

public sealed class AddressWatchTests
{
    private readonly FakeTimeProvider time = new();
    private string[]? answer = [];
    private readonly AddressWatch watch;

    public AddressWatchTests() =>
        watch = new AddressWatch(
            ["redis.test"],
            _ =>
                answer is null
                    ? throw new SocketException()
                    : Task.FromResult(answer.Select(IPAddress.Parse).ToArray()),
            time
        );

    [Fact]
    public async Task A_name_moves_when_it_leads_to_none_of_its_addresses_any_more()
    {
        Assert.False(await AskAsync("10.0.0.1", "10.0.0.2"));
        Assert.False(await AskAsync("10.0.0.1", "10.0.0.2"));
        Assert.False(await AskAsync("10.0.0.2", "10.0.0.3"));
        Assert.True(await AskAsync("10.0.0.9"));
        Assert.False(await AskAsync("10.0.0.9"));
    }

    [Fact]
    public async Task A_name_that_tells_its_addresses_in_turn_does_not_move()
    {
        await AskAsync("10.0.0.1");
        await AskAsync("10.0.0.2");
        for (var i = 0; i < 100; i++)
        {
            Assert.False(await AskAsync(i % 2 == 0 ? "10.0.0.1" : "10.0.0.2"));
        }
    }

    [Fact]
    public async Task A_name_moves_back_a_minute_later()
    {
        await AskAsync("10.0.0.1");
        Assert.True(await AskAsync("10.0.0.2"));
        for (var i = 0; i < 61; i++)
        {
            Assert.False(await AskAsync("10.0.0.2"));
        }

        Assert.True(await AskAsync("10.0.0.1"));
    }

    [Fact]
    public async Task An_outage_of_DNS_is_no_move_and_hides_none()
    {
        await AskAsync("10.0.0.1");
        for (var i = 0; i < 300; i++)
        {
            Assert.False(await AskAsync(i % 2 == 0 ? null : []));
        }

        Assert.False(await AskAsync("10.0.0.1"));
        Assert.False(await AskAsync(null));
        Assert.True(await AskAsync("10.0.0.2"));
    }

    private Task<bool> AskAsync(params string[]? addresses)
    {
        time.Advance(TimeSpan.FromSeconds(1));
        answer = addresses;
        return watch.HasMovedAsync();
    }
}
