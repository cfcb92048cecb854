using System.Globalization;
using FastKv.Load.Running;
using Spectre.Console;

namespace FastKv.Load.Reports;

/// <summary>The last seconds of the run on the terminal; plain lines where the output is a file or a pipe.</summary>
internal static class LiveTable
{
    private const int RowsShown = 12;

    public static async Task<LoadResult> ShowAsync(string title, Func<Action<Sample>, Task<LoadResult>> run)
    {
        if (!AnsiConsole.Profile.Capabilities.Interactive || Console.IsOutputRedirected)
        {
            return await run(sample => Console.Error.WriteLine($"{title} {PlainLine(sample)}"));
        }

        var table = Empty(title);
        return await AnsiConsole
            .Live(table)
            .StartAsync(async live =>
            {
                return await run(sample =>
                {
                    if (table.Rows.Count == RowsShown)
                    {
                        table.RemoveRow(0);
                    }

                    table.AddRow(Cells(sample));
                    live.Refresh();
                });
            });
    }

    private static Table Empty(string title)
    {
        var table = new Table().Border(TableBorder.Rounded).Title($"[bold]{Markup.Escape(title)}[/]");
        string[] headings = ["s", "offered/s", "ok/s", "p50 ms", "p99 ms", "max ms", "failed", "dropped"];
        foreach (var heading in headings)
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        return table;
    }

    private static string[] Cells(Sample sample) =>
        [
            Text(sample.AtSeconds, "0.#"),
            Text(sample.OfferedPerSecond, "0"),
            $"[green]{Text(sample.OkPerSecond, "0")}[/]",
            Text(sample.P50Milliseconds, "0.00"),
            Text(sample.P99Milliseconds, "0.00"),
            Text(sample.MaxMilliseconds, "0.0"),
            Warn(sample.Failed),
            Warn(sample.Dropped),
        ];

    private static string PlainLine(Sample sample) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{sample.AtSeconds, 5:0.0} s  offered {sample.OfferedPerSecond, 7:0}/s  ok {sample.OkPerSecond, 7:0}/s  p50 {sample.P50Milliseconds, 7:0.00} ms  p99 {sample.P99Milliseconds, 8:0.00} ms  failed {sample.Failed}  dropped {sample.Dropped}"
        );

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);

    private static string Warn(long count) => count == 0 ? "0" : $"[red]{count}[/]";
}
