using FastKv.Redis;
using FastKv.Tests.Harness;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Redis;

public sealed class UnknownErrorLogTests
{
    private readonly FakeTimeProvider time = new();
    private readonly RecordedLog<UnknownErrorLog> told = new();

    [Fact]
    public void Each_word_with_each_command_once_a_minute_with_how_often_it_came()
    {
        var log = new UnknownErrorLog(time, told);
        for (var i = 0; i < 1000; i++)
        {
            log.Observe("GET", Error("PLANLIMIT so and so"));
        }

        log.Observe("SET", Error("PLANLIMIT so and so"));
        log.Observe("GET", Error("OTHER so and so"));
        Assert.Equal(3, told.Lines.Count);

        time.Advance(TimeSpan.FromSeconds(61));
        log.Observe("GET", Error("PLANLIMIT so and so"));

        Assert.Equal(4, told.Lines.Count);
        Assert.Contains("came 1000 times", told.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_invents_words_is_not_followed_for_ever()
    {
        var log = new UnknownErrorLog(time, told);
        for (var i = 0; i < 1000; i++)
        {
            log.Observe("GET", Error($"WORD{i} so and so"));
        }

        Assert.Equal(64, told.Lines.Count);
    }

    [Fact]
    public void What_is_no_error_reply_or_a_passing_state_is_not_for_this_log()
    {
        var log = new UnknownErrorLog(time, told);

        log.Observe("GET", new TimeoutException());
        log.Observe("GET", new RedisServerException(RedisErrorKind.Loading, CommandFlags.None, "LOADING"));

        Assert.Empty(told.Lines);
    }

    private static RedisServerException Error(string message) =>
        new(RedisErrorKind.Unknown, CommandFlags.None, message);
}
