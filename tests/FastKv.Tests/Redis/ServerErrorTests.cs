using FastKv.Redis;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>An error reply is read by its words when the client library gives it no kind.</summary>
public sealed class ServerErrorTests
{
    [Theory]
    [InlineData("SimpleError: MISCONF Redis is configured to save RDB snapshots")]
    [InlineData("READONLY You can't write against a read only replica.")]
    [InlineData("SimpleError: OOM command not allowed when used memory > 'maxmemory'.")]
    public void A_refusal_without_a_kind_is_an_outage(string message) =>
        Assert.IsType<StoreUnavailableException>(StoreFault.Classify(ErrorOf(message), write: true));

    [Theory]
    [InlineData("WRONGTYPE Operation against a key holding the wrong kind of value")]
    [InlineData("ERR syntax error near MISCONF ")]
    public void An_error_of_the_command_is_none(string message) =>
        Assert.Null(StoreFault.Classify(ErrorOf(message), write: true));

    private static RedisServerException ErrorOf(string message) =>
        new(RedisErrorKind.Unknown, CommandFlags.None, message);
}
