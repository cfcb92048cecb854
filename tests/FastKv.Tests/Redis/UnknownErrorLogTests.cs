using System.Collections.Concurrent;
using FastKv.Redis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Redis;

public sealed class UnknownErrorLogTests
{
    private readonly FakeTimeProvider time = new();
    private readonly Lines lines = new();

    [Fact]
    public void Each_word_with_each_command_once_a_minute_with_how_often_it_came()
    {
        var log = new UnknownErrorLog(time, lines);
        for (var i = 0; i < 1000; i++)
        {
            log.Observe("GET", Error("PLANLIMIT so and so"));
        }

        log.Observe("SET", Error("PLANLIMIT so and so"));
        log.Observe("GET", Error("OTHER so and so"));
        Assert.Equal(3, lines.Count);

        time.Advance(TimeSpan.FromSeconds(61));
        log.Observe("GET", Error("PLANLIMIT so and so"));

        Assert.Equal(4, lines.Count);
        Assert.Contains("came 1000 times", lines.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_invents_words_is_not_followed_for_ever()
    {
        var log = new UnknownErrorLog(time, lines);
        for (var i = 0; i < 1000; i++)
        {
            log.Observe("GET", Error($"WORD{i} so and so"));
        }

        Assert.Equal(64, lines.Count);
    }

    [Fact]
    public void What_is_no_error_reply_or_a_passing_state_is_not_for_this_log()
    {
        var log = new UnknownErrorLog(time, lines);

        log.Observe("GET", new TimeoutException());
        log.Observe("GET", new RedisServerException(RedisErrorKind.Loading, CommandFlags.None, "LOADING"));

        Assert.Empty(lines);
    }

    private static RedisServerException Error(string message) =>
        new(RedisErrorKind.Unknown, CommandFlags.None, message);

    private sealed class Lines : ConcurrentQueue<string>, ILogger<UnknownErrorLog>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Enqueue(formatter(state, exception));
    }
}
