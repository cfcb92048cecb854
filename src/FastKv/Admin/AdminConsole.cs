using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FastKv.Admin;

/// <summary>Where a command writes: results to <paramref name="results"/>, all else to <paramref name="errors"/>.</summary>
/// <param name="results">Standard output.</param>
/// <param name="errors">Standard error: progress, questions and what went wrong.</param>
/// <param name="answers">Where somebody can be asked; null if nobody can.</param>
/// <param name="progressInterval">How often there is a line of progress.</param>
internal sealed class AdminConsole(
    TextWriter results,
    TextWriter errors,
    TextReader? answers,
    TimeSpan progressInterval
)
{
    private readonly Stopwatch sinceProgress = Stopwatch.StartNew();

    /// <summary>The console of this process. Somebody can be asked if both ends are a terminal.</summary>
    public static AdminConsole OfProcess() =>
        new(
            Console.Out,
            Console.Error,
            Console.IsInputRedirected || Console.IsErrorRedirected ? null : Console.In,
            Console.IsErrorRedirected ? TimeSpan.FromSeconds(10) : TimeSpan.FromSeconds(1)
        );

    public TextWriter Results => results;

    public TextWriter Errors => errors;

    /// <summary>Whether somebody can be asked.</summary>
    public bool CanAsk => answers is not null;

    /// <summary>Writes a line of the result.</summary>
    public void Write(string line) => results.WriteLine(Printable(line));

    /// <summary>Writes an object as JSON, on one line.</summary>
    public void Write<T>(T value, JsonTypeInfo<T> type) => results.WriteLine(JsonSerializer.Serialize(value, type));

    /// <summary>Writes a line beside the result.</summary>
    public void Tell(string line) => errors.WriteLine(Printable(line));

    /// <summary>Tells how far a long command is, if it has not just been told.</summary>
    public void Progress(Func<string> line)
    {
        if (sinceProgress.Elapsed >= progressInterval)
        {
            sinceProgress.Restart();
            Tell(line());
        }
    }

    /// <summary>Asks, and returns what was answered; null at the end of the input.</summary>
    public string? Ask(string question)
    {
        errors.Write(Printable(question));
        errors.Flush();
        return answers?.ReadLine()?.Trim();
    }

    /// <summary>A moment, or what stands for none.</summary>
    public static string Moment(DateTimeOffset? moment, string none) =>
        moment?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? none;

    /// <summary>A number with its thousands apart.</summary>
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    // What users have chosen themselves must not steer the operator's terminal.
    private static string Printable(string text)
    {
        if (!text.Any(c => char.IsControl(c) && c != '\t'))
        {
            return text;
        }

        var printable = new StringBuilder();
        foreach (var c in text)
        {
            _ =
                char.IsControl(c) && c != '\t'
                    ? printable.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}")
                    : printable.Append(c);
        }

        return printable.ToString();
    }
}
