using System.Text;
using FastKv.Load.Reports;

namespace FastKv.Load.Bench;

/// <summary>A bench's result: tables to read and to quote, and each round's numbers for programs.</summary>
internal sealed record BenchReport(
    string Bench,
    DateTimeOffset CreatedAt,
    string CommandLine,
    MachineReport Machine,
    string Pinning,
    IReadOnlyList<BenchTable> Tables,
    IReadOnlyList<Measurement> Measurements
)
{
    public string Markdown()
    {
        var text = new StringBuilder();
        text.AppendLine($"`{CommandLine}` on {Machine.Cores} cores, {Machine.Runtime}, {Machine.System}; {Pinning}.");
        foreach (var table in Tables)
        {
            text.AppendLine().Append(table.Markdown());
        }

        return text.ToString();
    }
}

/// <summary>A Markdown table; the first column is text, the others are numbers.</summary>
internal sealed record BenchTable(
    string Title,
    IReadOnlyList<string> Columns,
    IReadOnlyList<IReadOnlyList<string>> Rows
)
{
    public string Markdown()
    {
        var text = new StringBuilder();
        text.AppendLine(Title).AppendLine();
        text.AppendLine($"| {string.Join(" | ", Columns)} |");
        text.AppendLine($"|---|{string.Concat(Columns.Skip(1).Select(_ => "---:|"))}");
        foreach (var row in Rows)
        {
            text.AppendLine($"| {string.Join(" | ", row)} |");
        }

        return text.ToString();
    }
}
