using System.Diagnostics;
using System.Text.RegularExpressions;
using FastKv.Tests.Deploy;
using Xunit;

namespace FastKv.Tests.Lifecycle;

public sealed partial class HelpTests
{
    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("-?")]
    public async Task The_program_says_what_it_is_and_what_can_be_set(string argument)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "FastKv.dll"), argument])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Whatever is wrong with the settings, help is to be had.
        start.Environment["FastKv__Nonsense"] = "1";
        using var program = Process.Start(start)!;
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var errorAsync = program.StandardError.ReadToEndAsync(bound.Token);
        var text = await program.StandardOutput.ReadToEndAsync(bound.Token);
        await program.WaitForExitAsync(bound.Token);

        Assert.Equal(0, program.ExitCode);
        Assert.Empty(await errorAsync);
        Assert.Contains("key-value store over HTTP", text, StringComparison.Ordinal);
        Assert.Matches(@"FastKv__Token__LifetimeSeconds +3600\n", text);
        Assert.Matches(@"ASPNETCORE_URLS +http://localhost:8080\n", text);
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 120));
        var named = Variable().Matches(text).Select(match => match.Value).ToArray();
        Assert.All(named, name => Assert.True(Settings.Exists(name), name));
        Assert.All(Settings.Documented, name => Assert.Contains(name, named));
    }

    [GeneratedRegex(@"\bFastKv__[A-Za-z0-9_]+")]
    private static partial Regex Variable();
}
