using FastKv.Load.Cli;
using FastKv.Load.Target;
using Xunit;

namespace FastKv.Tests.Load;

public sealed class TargetRuleTests
{
    [Theory]
    [InlineData("http://localhost:8080")]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("http://127.1.2.3")]
    [InlineData("https://[::1]:8443")]
    public void This_machine_is_a_target(string address) =>
        Assert.Equal(new Uri(address), TargetRule.Check(address, allowRemote: false));

    [Theory]
    [InlineData("http://example.com")]
    [InlineData("http://localhost.example.com")]
    [InlineData("http://127.0.0.1.example.com")]
    [InlineData("http://127.0.0.1@example.com")]
    [InlineData("http://192.168.0.1")]
    [InlineData("http://0.0.0.0:8080")]
    [InlineData("http://[::ffff:10.0.0.1]")]
    public void Another_machine_is_refused_unless_it_is_allowed(string address)
    {
        var refused = Assert.Throws<UsageException>(() => TargetRule.Check(address, allowRemote: false));

        Assert.Contains(TargetRule.AllowRemote, refused.Message, StringComparison.Ordinal);
        Assert.Equal(new Uri(address), TargetRule.Check(address, allowRemote: true));
    }

    [Theory]
    [InlineData("localhost:8080")]
    [InlineData("/api")]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("")]
    public void What_is_no_web_address_is_refused_always(string address) =>
        Assert.Throws<UsageException>(() => TargetRule.Check(address, allowRemote: true));

    [Fact]
    public void The_run_command_refuses_a_remote_target()
    {
        string[] args = ["run", "retrieve", "--url", "http://example.com"];

        Assert.Throws<UsageException>(() => FastKv.Load.RunOptions.From(Arguments.Parse(args), ""));
        var allowed = FastKv.Load.RunOptions.From(Arguments.Parse([.. args, TargetRule.AllowRemote]), "");
        Assert.Equal("example.com", allowed.Target.Address!.Host);
    }
}
