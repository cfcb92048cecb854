using System.Globalization;
using System.Net;
using System.Text;
using FastKv.Load.Running;

namespace FastKv.Load.Reports;

/// <summary>One HTML page that needs nothing else: style, charts and their few lines of script are inside it.</summary>
internal static class HtmlReport
{
    /// <summary>Intervals shorter than this say little about a rate: the rest of a second at the end of a run.</summary>
    private const double ShortestCharted = 0.25;

    public static string Write(RunReport report)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
        page.Append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
        page.Append(
            CultureInfo.InvariantCulture,
            $"<title>FastKv load report</title><style>{Style}</style></head><body>"
        );
        page.Append(CultureInfo.InvariantCulture, $"<header><h1>FastKv load report</h1>{Verdict(report)}<dl>");
        Fact(page, "When", report.CreatedAt.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        Fact(page, "Target", report.Target);
        Fact(page, "Protocol", report.HttpVersion);
        Fact(page, "Machine", $"{report.Machine.Cores} cores, {report.Machine.System}, {report.Machine.Runtime}");
        Fact(page, "Command", report.CommandLine);
        if (report.IsInterrupted)
        {
            Fact(page, "Note", "The run was interrupted: this is what was measured until then.");
        }

        page.Append("</dl></header>");
        foreach (var scenario in report.Scenarios)
        {
            Section(page, scenario);
        }

        page.Append(CultureInfo.InvariantCulture, $"<script>{Script}</script></body></html>\n");
        return page.ToString();
    }

    private static void Section(StringBuilder page, ScenarioReport scenario)
    {
        page.Append(CultureInfo.InvariantCulture, $"<section><h2>{scenario.Scenario} <small>{scenario.Model} model, ");
        page.Append(
            CultureInfo.InvariantCulture,
            $"{scenario.DurationSeconds:0.#} s, {scenario.Workers} workers</small></h2>"
        );
        if (scenario.SaturationMessage is { } saturated)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p class=\"warning\">{saturated}</p>");
        }

        page.Append("<div class=\"tiles\">");
        Tile(page, "offered", scenario.OfferedPerSecond, "#,0", "/s");
        Tile(page, "achieved", scenario.AchievedPerSecond, "#,0", "/s");
        Milliseconds(page, "p50", scenario.Latency.P50Milliseconds);
        Milliseconds(page, "p99", scenario.Latency.P99Milliseconds);
        Milliseconds(page, "p99.9", scenario.Latency.P999Milliseconds);
        Tile(page, "failed", scenario.Failed, "#,0", "", bad: scenario.Failed > 0);
        Tile(page, "dropped", scenario.Dropped, "#,0", "", bad: scenario.Dropped > 0);
        Tile(page, "client CPU", scenario.ClientCpuPercent, "0", "%");
        page.Append("</div>");
        page.Append(ThroughputChart(scenario).Draw()).Append(LatencyChart(scenario).Draw());
        Operations(page, scenario);
        Failures(page, scenario);
        ThresholdList(page, scenario);
        page.Append("</section>");
    }

    private static SvgChart ThroughputChart(ScenarioReport scenario) =>
        new(
            "Throughput",
            "requests/s",
            Logarithmic: false,
            [
                Line("offered", "muted", scenario, sample => sample.OfferedPerSecond),
                Line("ok", "first", scenario, sample => sample.OkPerSecond),
                Line("failed", "bad", scenario, sample => sample.Failed / sample.LengthSeconds),
            ]
        );

    private static SvgChart LatencyChart(ScenarioReport scenario) =>
        new(
            "Latency from the intended start",
            "ms",
            Logarithmic: true,
            [
                Line("max", "muted", scenario, sample => sample.MaxMilliseconds),
                Line("p99", "second", scenario, sample => sample.P99Milliseconds),
                Line("p50", "first", scenario, sample => sample.P50Milliseconds),
            ]
        );

    private static SvgChart.Line Line(string name, string style, ScenarioReport scenario, Func<Sample, double> value) =>
        new(
            name,
            style,
            [
                .. scenario
                    .Timeline.Where(sample => sample.LengthSeconds >= ShortestCharted)
                    .Select(sample => (sample.AtSeconds, value(sample))),
            ]
        );

    private static void Operations(StringBuilder page, ScenarioReport scenario)
    {
        page.Append(
            "<div class=\"wide\"><table><thead><tr><th>operation<th>time<th>ok<th>failed<th>p50 ms<th>p90 ms<th>p99 ms<th>p99.9 ms"
        );
        page.Append("<th>max ms</tr></thead><tbody>");
        foreach (var operation in scenario.Operations)
        {
            Row(page, operation, "latency", operation.Latency);
            Row(page, operation, "service", operation.ServiceTime);
        }

        page.Append(
            "</tbody></table></div><p class=\"note\">Latency counts from the moment at which the schedule wanted the "
        );
        page.Append("request to start, waiting included; service time from the moment at which it was sent. ");
        page.Append("Percentiles are of requests that succeeded.</p>");
    }

    private static void Row(StringBuilder page, OperationReport operation, string which, LatencySummary times)
    {
        page.Append(CultureInfo.InvariantCulture, $"<tr><td>{operation.Operation}<td>{which}<td>{operation.Ok:#,0}");
        page.Append(CultureInfo.InvariantCulture, $"<td>{operation.Failed:#,0}<td>{times.P50Milliseconds:0.00}");
        page.Append(CultureInfo.InvariantCulture, $"<td>{times.P90Milliseconds:0.00}<td>{times.P99Milliseconds:0.00}");
        page.Append(
            CultureInfo.InvariantCulture,
            $"<td>{times.P999Milliseconds:0.00}<td>{times.MaxMilliseconds:0.00}</tr>"
        );
    }

    private static void Failures(StringBuilder page, ScenarioReport scenario)
    {
        foreach (var (failure, count) in scenario.Failures)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<p class=\"warning\">{count:#,0} × {WebUtility.HtmlEncode(failure)}</p>"
            );
        }
    }

    private static void ThresholdList(StringBuilder page, ScenarioReport scenario)
    {
        page.Append("<ul>");
        foreach (var threshold in scenario.Thresholds)
        {
            page.Append(CultureInfo.InvariantCulture, $"<li class=\"{(threshold.Met ? "met" : "broken")}\">");
            page.Append(WebUtility.HtmlEncode($"{threshold.Demand}, measured {threshold.Measured}")).Append("</li>");
        }

        page.Append("</ul>");
    }

    private static void Milliseconds(StringBuilder page, string name, double value) =>
        Tile(page, name, value, value < 100 ? "0.00" : "#,0", "ms");

    private static void Tile(
        StringBuilder page,
        string name,
        double value,
        string format,
        string unit,
        bool bad = false
    )
    {
        var text = value.ToString(format, CultureInfo.InvariantCulture);
        page.Append(
            CultureInfo.InvariantCulture,
            $"<div{(bad ? " class=\"bad\"" : "")}><span>{name}</span><strong>{text}</strong> {unit}</div>"
        );
    }

    private static string Verdict(RunReport report)
    {
        if (report.Scenarios.All(scenario => scenario.Thresholds.Count == 0))
        {
            return "";
        }

        return report.ThresholdsMet
            ? "<p class=\"verdict met\">thresholds met</p>"
            : "<p class=\"verdict broken\">thresholds broken</p>";
    }

    private static void Fact(StringBuilder page, string name, string value) =>
        page.Append(CultureInfo.InvariantCulture, $"<dt>{name}</dt><dd>{WebUtility.HtmlEncode(value)}</dd>");

    private const string Style = """
        :root{color-scheme:light dark;--page:#f5f6f8;--card:#fff;--ink:#1b2230;--soft:#667085;--rule:#e4e7ec;--first:#2563eb;
        --second:#d97706;--bad:#dc2626;--good:#15803d;--muted:#98a2b3}
        @media(prefers-color-scheme:dark){:root{--page:#10141c;--card:#181e29;--ink:#e6e9ef;--soft:#98a2b3;--rule:#2a3240;
        --first:#6ea0ff;--second:#f5b14c;--bad:#f87171;--good:#4ade80;--muted:#667085}}
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:960px;padding:28px 20px 60px;background:var(--page);color:var(--ink);
        font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
        header,section{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:22px 26px;margin-bottom:20px;
        position:relative}
        h1{font-size:24px;margin:0 0 12px}h2{font-size:19px;margin:0 0 14px}h2 small{font-weight:400;color:var(--soft);font-size:14px;
        margin-left:6px}
        dl{display:grid;grid-template-columns:90px 1fr;gap:3px 14px;margin:0;font-size:14px}dt{color:var(--soft)}dd{margin:0;
        overflow-wrap:anywhere}
        .verdict{position:absolute;right:26px;top:20px;margin:0;padding:3px 12px;border-radius:99px;font-weight:600;font-size:13px;
        border:1px solid currentColor}
        .met{color:var(--good)}.broken{color:var(--bad)}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(96px,1fr));gap:10px;margin-bottom:20px}
        .tiles div{border:1px solid var(--rule);border-radius:8px;padding:8px 10px;color:var(--soft);
        font-size:13px;white-space:nowrap}
        .tiles span{display:block}.tiles strong{font-size:18px;color:var(--ink);font-variant-numeric:tabular-nums}
        .tiles .bad strong{color:var(--bad)}
        figure{margin:0 0 18px;position:relative}figcaption{font-weight:600;font-size:14px;margin-bottom:4px}
        figcaption span{color:var(--soft);font-weight:400;margin-right:12px}figcaption b{font-weight:400;font-size:13px;
        color:var(--soft);margin-right:10px}
        .key{display:inline-block;width:14px;height:3px;border-radius:2px;vertical-align:middle;margin-right:5px;background:currentColor}
        svg{display:block;width:100%;height:auto}.grid{stroke:var(--rule)}.tick{fill:var(--soft);font-size:11.5px}
        .line{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
        .first{color:var(--first)}.second{color:var(--second)}.bad{color:var(--bad)}.muted{color:var(--muted)}
        .line.muted{stroke-dasharray:4 4;stroke-width:1.5}
        .cursor{stroke:var(--soft);visibility:hidden}
        output{position:absolute;right:0;top:0;font-size:13px;color:var(--soft);font-variant-numeric:tabular-nums}
        table{width:100%;border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}
        th,td{padding:6px 8px;text-align:right;border-bottom:1px solid var(--rule)}th{color:var(--soft);font-weight:500}
        th:nth-child(-n+2),td:nth-child(-n+2){text-align:left}
        .note{color:var(--soft);font-size:13px}
        .warning{border-left:4px solid var(--second);padding:6px 12px;margin:0 0 14px;background:var(--page);border-radius:0 6px 6px 0}
        .wide{overflow-x:auto}
        @media(max-width:600px){body{padding:12px 10px 40px}header,section{padding:14px 12px}
        .verdict{position:static;display:inline-block;margin-bottom:10px}dl{grid-template-columns:1fr}dt{margin-top:4px}
        output{position:static;display:block;min-height:1.5em}}
        ul{list-style:none;padding:0;margin:10px 0 0;font-size:14px}li::before{content:"✓ "}li.broken::before{content:"✗ "}
        """;

    private const string Script = """
        for (const chart of document.querySelectorAll(".chart")) {
          const lines = JSON.parse(chart.dataset.lines), cursor = chart.querySelector(".cursor");
          const output = chart.parentElement.querySelector("output");
          const [left, right, end] = [chart.dataset.left, chart.dataset.right, chart.dataset.end].map(Number);
          const times = lines[0].points.map(point => point[0]);
          chart.addEventListener("mousemove", event => {
            const box = chart.getBoundingClientRect(), x = (event.clientX - box.left) * chart.viewBox.baseVal.width / box.width;
            const second = (x - left) / (right - left) * end;
            let nearest = 0;
            times.forEach((time, index) => { if (Math.abs(time - second) < Math.abs(times[nearest] - second)) nearest = index; });
            const at = left + (right - left) * times[nearest] / end;
            cursor.setAttribute("x1", at); cursor.setAttribute("x2", at); cursor.style.visibility = "visible";
            output.textContent = times[nearest].toFixed(0) + " s: " +
              lines.map(line => line.name + " " + line.points[nearest][1]).join(", ") + " " + chart.dataset.unit;
          });
          chart.addEventListener("mouseleave", () => { cursor.style.visibility = "hidden"; output.textContent = ""; });
        }
        """;
}
