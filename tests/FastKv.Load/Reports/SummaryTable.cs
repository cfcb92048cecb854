using System.Globalization;
using FastKv.Load.Running;
using Spectre.Console;

namespace FastKv.Load.Reports;

/// <summary>The result on the terminal: a line for each operation, then what was broken or saturated.</summary>
internal static class SummaryTable
{
    public static void Print(ScenarioReport report)
    {
        var table = new Table().Border(TableBorder.Rounded).Title($"[bold]{report.Scenario}[/]");
        table.AddColumn(new TableColumn("operation").NoWrap());
        table.AddColumn(new TableColumn("time").NoWrap());
        string[] headings = ["ok", "failed", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms"];
        foreach (var heading in headings)
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        foreach (var operation in report.Operations)
        {
            AddRow(table, operation, "latency", operation.Latency);
            AddRow(table, operation, "service", operation.ServiceTime);
        }

        AnsiConsole.Write(table);
        AnsiConsole.MarkupLineInterpolated(
            CultureInfo.InvariantCulture,
            $"{report.Model} model: offered {report.OfferedPerSecond:0}/s, achieved {report.AchievedPerSecond:0}/s; ok {report.Ok}, failed {report.Failed}, dropped {report.Dropped}; client CPU {report.ClientCpuPercent:0} % of a core"
        );
        foreach (var (failure, count) in report.Failures)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]{count} × {failure}[/]");
        }

        if (report.SaturationMessage is { } saturated)
        {
            AnsiConsole.MarkupLineInterpolated($"[yellow]{saturated}[/]");
        }

        foreach (var threshold in report.Thresholds)
        {
            var colour = threshold.Met ? "green" : "red";
            var word = threshold.Met ? "met" : "BROKEN";
            AnsiConsole.MarkupLine(
                $"[{colour}]{word}[/] {Markup.Escape(threshold.Demand)} (measured {Markup.Escape(threshold.Measured)})"
            );
        }
    }

    /// <summary>All scenarios of a run, a line for each.</summary>
    public static void Print(IReadOnlyList<ScenarioReport> reports)
    {
        var table = new Table().Border(TableBorder.Rounded).Title("[bold]all scenarios[/]");
        table.AddColumn(new TableColumn("scenario").NoWrap());
        string[] headings = ["offered/s", "achieved/s", "failed", "dropped", "p50 ms", "p99 ms", "thresholds"];
        foreach (var heading in headings)
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        foreach (var report in reports)
        {
            table.AddRow(
                report.Scenario,
                report.OfferedPerSecond.ToString("0", CultureInfo.InvariantCulture),
                report.AchievedPerSecond.ToString("0", CultureInfo.InvariantCulture),
                report.Failed.ToString(CultureInfo.InvariantCulture),
                report.Dropped.ToString(CultureInfo.InvariantCulture),
                Text(report.Latency.P50Milliseconds),
                Text(report.Latency.P99Milliseconds),
                report.ThresholdsMet ? "[green]met[/]" : "[red]BROKEN[/]"
            );
        }

        AnsiConsole.Write(table);
    }

    private static void AddRow(Table table, OperationReport operation, string which, LatencySummary times) =>
        table.AddRow(
            operation.Operation,
            which,
            times.Count.ToString(CultureInfo.InvariantCulture),
            operation.Failed.ToString(CultureInfo.InvariantCulture),
            Text(times.P50Milliseconds),
            Text(times.P90Milliseconds),
            Text(times.P99Milliseconds),
            Text(times.P999Milliseconds),
            Text(times.MaxMilliseconds)
        );

    private static string Text(double number) => number.ToString("0.00", CultureInfo.InvariantCulture);
}
