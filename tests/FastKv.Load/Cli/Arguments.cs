using System.Globalization;

namespace FastKv.Load.Cli;

/// <summary>
/// The command line: words first, then options as <c>--name value</c>, <c>--name=value</c> or a bare <c>--name</c>.
/// Every read gives a default and bounds; an option that nobody read is refused, so that a misspelt one is noticed.
/// </summary>
internal sealed class Arguments
{
    private const string Present = "true";
    private readonly Dictionary<string, string> options = [];
    private readonly HashSet<string> read = [];
    private readonly List<string> words = [];

    public IReadOnlyList<string> Words => words;

    public static Arguments Parse(IReadOnlyList<string> args)
    {
        var parsed = new Arguments();
        for (var index = 0; index < args.Count; index++)
        {
            if (!args[index].StartsWith("--", StringComparison.Ordinal))
            {
                parsed.words.Add(args[index]);
                continue;
            }

            var (name, value) = Split(args[index]);
            var next = index + 1 < args.Count ? args[index + 1] : null;
            if (value is null && next is not null && !next.StartsWith("--", StringComparison.Ordinal))
            {
                value = next;
                index++;
            }

            if (!parsed.options.TryAdd(name, value ?? Present))
            {
                throw new UsageException($"{name} is given twice.");
            }
        }

        return parsed;
    }

    public string? Text(string name)
    {
        read.Add(name);
        return options.GetValueOrDefault(name);
    }

    public bool Flag(string name) =>
        Text(name) switch
        {
            null => false,
            Present => true,
            _ => throw new UsageException($"{name} takes no value."),
        };

    public int Whole(string name, int otherwise, int least, int most) =>
        (int)Number(name, otherwise, least, most, wholeOnly: true);

    public double Number(string name, double otherwise, double least, double most) =>
        Number(name, otherwise, least, most, wholeOnly: false);

    public double? OptionalNumber(string name) =>
        Text(name) is null ? null : Number(name, 0, 0, double.MaxValue, wholeOnly: false);

    public TimeSpan Seconds(string name, double otherwise, double least, double most) =>
        TimeSpan.FromSeconds(Number(name, otherwise, least, most));

    /// <summary>Call after the last read: whatever is left over was meant for something that does not exist.</summary>
    public void RefuseUnread()
    {
        var unread = options.Keys.Where(name => !read.Contains(name)).ToArray();
        if (unread.Length > 0)
        {
            throw new UsageException($"Unknown option here: {string.Join(", ", unread)}. See --help.");
        }
    }

    private double Number(string name, double otherwise, double least, double most, bool wholeOnly)
    {
        var text = Text(name);
        if (text is null)
        {
            return otherwise;
        }

        var style = wholeOnly ? NumberStyles.None : NumberStyles.AllowDecimalPoint;
        if (
            !double.TryParse(text, style, CultureInfo.InvariantCulture, out var number)
            || number < least
            || number > most
        )
        {
            throw new UsageException($"{name} must be a {(wholeOnly ? "whole " : "")}number from {least} to {most}.");
        }

        return number;
    }

    private static (string Name, string? Value) Split(string argument)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (argument, null) : (argument[..equals], argument[(equals + 1)..]);
    }
}
