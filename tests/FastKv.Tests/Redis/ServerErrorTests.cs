using FastKv.Redis;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>What an error reply means for the command that got it.</summary>
public sealed class ServerErrorTests
{
    /// <summary>Replies that say the same whatever the command was: nothing was done.</summary>
    [Theory]
    [InlineData("SimpleError: MISCONF Redis is configured to save RDB snapshots")]
    [InlineData("READONLY You can't write against a read only replica.")]
    [InlineData("SimpleError: OOM command not allowed when used memory > 'maxmemory'.")]
    [InlineData("ERR max number of clients reached")]
    [InlineData("ERR operation not permitted")]
    [InlineData("DENIED Redis is running in protected mode")]
    public void A_refusal_without_a_kind_did_nothing(string message)
    {
        foreach (var command in Enum.GetValues<CommandKind>())
        {
            Assert.IsType<StoreUnavailableException>(Classify(RedisErrorKind.Unknown, message, command));
        }
    }

    [Theory]
    [InlineData(RedisErrorKind.UnknownError, "ERR max daily request limit exceeded. Limit: 10000, Usage: 10000.")]
    [InlineData(RedisErrorKind.Unknown, "WHATEVER this is")]
    [InlineData(RedisErrorKind.Unknown, "")]
    [InlineData(RedisErrorKind.WrongType, "WRONGTYPE Operation against a key holding the wrong kind of value")]
    [InlineData(RedisErrorKind.UnknownError, "ERR syntax error near MISCONF ")]
    [InlineData(RedisErrorKind.UnknownCommand, "ERR unknown command 'ZADD', with args: 'EVAL' 'timeout'")]
    [InlineData(RedisErrorKind.NoPermission, "NOPERM ACL failure in script: User x has no permissions to run 'hset'")]
    [InlineData(RedisErrorKind.Unknown, "UNKILLABLE Sorry the script already executed write commands")]
    public void Another_error_did_nothing_unless_it_came_from_within_a_script(RedisErrorKind kind, string message)
    {
        Assert.IsType<StoreUnavailableException>(Classify(kind, message, CommandKind.Read));
        Assert.IsType<StoreUnavailableException>(Classify(kind, message, CommandKind.Write));
        Assert.IsType<OutcomeUnknownException>(Classify(kind, message, CommandKind.Script));
    }

    [Theory]
    [InlineData(RedisErrorKind.NoScript, "NOSCRIPT No matching script. Please use EVAL.")]
    [InlineData(RedisErrorKind.CrossSlot, "CROSSSLOT Keys in request don't hash to the same slot")]
    [InlineData(RedisErrorKind.ExecAbort, "EXECABORT Transaction discarded because of previous errors.")]
    [InlineData(RedisErrorKind.UnknownCommand, "ERR unknown command 'EVALSHA', with args beginning with: ")]
    [InlineData(RedisErrorKind.NoPermission, "NOPERM this user has no permissions to run the 'evalsha' command")]
    public void A_script_that_did_not_begin_did_nothing(RedisErrorKind kind, string message) =>
        Assert.IsType<StoreUnavailableException>(Classify(kind, message, CommandKind.Script));

    [Theory]
    [InlineData(RedisErrorKind.Unknown, "upstream failure")]
    [InlineData(RedisErrorKind.UnknownError, "ERR Connection timed out")]
    // The kind that StackExchange.Redis gives whatever begins with ERR.
    [InlineData(RedisErrorKind.UnknownCommand, "ERR handle response, backend conn reset")]
    public void A_proxy_that_lost_its_server_may_have_done_it(RedisErrorKind kind, string message)
    {
        Assert.IsType<StoreUnavailableException>(Classify(kind, message, CommandKind.Read));
        Assert.IsType<OutcomeUnknownException>(Classify(kind, message, CommandKind.Write));
        Assert.IsType<OutcomeUnknownException>(Classify(kind, message, CommandKind.Script));
    }

    [Fact]
    public void A_write_on_a_connection_that_was_given_up_for_another_reply_may_have_been_done()
    {
        const string message = "SimpleError: ERR max daily request limit exceeded.";
        Assert.IsType<StoreUnavailableException>(Classify(RedisErrorKind.ConnectionFault, message, CommandKind.Read));
        Assert.IsType<OutcomeUnknownException>(Classify(RedisErrorKind.ConnectionFault, message, CommandKind.Write));
    }

    [Fact]
    public void No_kind_of_error_is_taken_for_a_bug_of_the_service()
    {
        foreach (var kind in Enum.GetValues<RedisErrorKind>())
        {
            foreach (var command in Enum.GetValues<CommandKind>())
            {
                Assert.NotNull(Classify(kind, "WHATEVER", command));
            }
        }
    }

    [Theory]
    [InlineData("ERR max daily request limit exceeded", "ERR")]
    [InlineData("SimpleError: WRONGTYPE Operation", "WRONGTYPE")]
    [InlineData("NOAUTH", "NOAUTH")]
    [InlineData("someone@example.com is blocked", "none")]
    [InlineData("", "none")]
    public void Of_a_reply_only_a_word_in_capitals_is_told(string message, string word) =>
        Assert.Equal(word, ErrorReply.Word(ErrorOf(RedisErrorKind.Unknown, message)));

    [Theory]
    [InlineData(RedisErrorKind.UnknownCommand, "ERR max daily request limit exceeded", "UnknownError")]
    [InlineData(RedisErrorKind.UnknownCommand, "ERR unknown command 'GET'", "UnknownCommand")]
    [InlineData(RedisErrorKind.Loading, "LOADING", "Loading")]
    public void Telemetry_gets_one_of_few_words(RedisErrorKind kind, string message, string reason) =>
        Assert.Equal(reason, StoreFault.Reason(ErrorOf(kind, message)));

    private static Exception? Classify(RedisErrorKind kind, string message, CommandKind command) =>
        StoreFault.Classify(ErrorOf(kind, message), command);

    private static RedisServerException ErrorOf(RedisErrorKind kind, string message) =>
        new(kind, CommandFlags.None, message);
}
