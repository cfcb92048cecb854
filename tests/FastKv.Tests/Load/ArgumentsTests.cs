using FastKv.Load.Cli;
using Xunit;

namespace FastKv.Tests.Load;

public sealed class ArgumentsTests
{
    [Fact]
    public void Words_options_and_flags_are_told_apart()
    {
        var arguments = Arguments.Parse(["run", "mix", "--rate", "12.5", "--seconds=3", "--http2"]);

        Assert.Equal(["run", "mix"], arguments.Words);
        Assert.Equal(12.5, arguments.Number("--rate", 1, 0, 100));
        Assert.Equal(TimeSpan.FromSeconds(3), arguments.Seconds("--seconds", 1, 0, 100));
        Assert.True(arguments.Flag("--http2"));
        Assert.False(arguments.Flag("--other"));
        Assert.Equal(7, arguments.Whole("--absent", 7, 0, 100));
        arguments.RefuseUnread();
    }

    [Theory]
    [InlineData("0")]
    [InlineData("101")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("many")]
    public void A_number_out_of_bounds_is_refused(string text) =>
        Assert.Throws<UsageException>(() => Arguments.Parse([$"--workers={text}"]).Whole("--workers", 1, 1, 100));

    [Fact]
    public void An_option_that_nobody_reads_is_refused() =>
        Assert.Throws<UsageException>(() => Arguments.Parse(["--rat", "5"]).RefuseUnread());

    [Fact]
    public void An_option_given_twice_is_refused() =>
        Assert.Throws<UsageException>(() => Arguments.Parse(["--rate", "5", "--rate", "6"]));
}
