namespace FastKv.Tests;

public sealed class SmokeTests
{
    [Xunit.Fact]
    public void Runs() { }
}
