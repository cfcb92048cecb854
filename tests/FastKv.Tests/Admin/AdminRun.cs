using FastKv.Admin;

namespace FastKv.Tests.Admin;

/// <summary>Operators' commands in this process, with settings of a test's own.</summary>
internal sealed class AdminRun(params string[] settings)
{
    /// <summary>On the Redis of this connection string.</summary>
    public static AdminRun On(string redis) =>
        new($"--ConnectionStrings:Redis={redis}", "--FastKv:Redis:TimeoutMilliseconds=20000");

    public Task<AdminResult> RunAsync(params string[] args) => AnswerAsync(null, default, args);

    /// <param name="answer">What is typed at the terminal; null if there is none.</param>
    /// <param name="cancellation">Ctrl+C.</param>
    /// <param name="args">What stands behind <c>admin</c>.</param>
    public async Task<AdminResult> AnswerAsync(string? answer, CancellationToken cancellation, params string[] args)
    {
        using var results = new StringWriter();
        using var errors = new StringWriter();
        using var answers = answer is null ? null : new StringReader(answer);
        var console = new AdminConsole(
            TextWriter.Synchronized(results),
            TextWriter.Synchronized(errors),
            answers,
            TimeSpan.Zero
        );
        var code = await AdminCommand.RunAsync([AdminCommand.Name, .. args], console, settings, cancellation);
        return new AdminResult(code, results.ToString(), errors.ToString());
    }
}

/// <summary>How a command ended, and what it wrote.</summary>
internal sealed record AdminResult(int Code, string Results, string Errors)
{
    public IReadOnlyList<string> Lines => Results.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public System.Text.Json.Nodes.JsonNode Json => System.Text.Json.Nodes.JsonNode.Parse(Lines[^1])!;

    /// <summary>The names of what a check found, of its JSON.</summary>
    public IEnumerable<string> Findings =>
        Lines.SkipLast(1).Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!["finding"]!.GetValue<string>());

    /// <summary>Fails with all that was written unless it ended so.</summary>
    public AdminResult Expect(int code)
    {
        Xunit.Assert.True(Code == code, $"Expected {code}, got {Code}: {Results}{Errors}");
        return this;
    }
}
