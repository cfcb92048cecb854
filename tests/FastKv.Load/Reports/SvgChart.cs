using System.Globalization;
using System.Net;
using System.Text;

namespace FastKv.Load.Reports;

/// <summary>A line chart over time as inline SVG, with the values of a second shown under the pointer.</summary>
/// <param name="Logarithmic">For latencies, whose maximum would otherwise flatten everything else.</param>
internal sealed record SvgChart(string Title, string Unit, bool Logarithmic, IReadOnlyList<SvgChart.Line> Lines)
{
    private const double Width = 860;
    private const double Height = 240;
    private const double Left = 58;
    private const double Right = 12;
    private const double Top = 12;
    private const double Bottom = 28;
    private const double LeastLogarithmic = 0.01;
    private const int ValueTicks = 4;
    private const int TimeTicks = 8;

    /// <summary>One curve; <paramref name="Style"/> is a class of the page's style sheet.</summary>
    internal sealed record Line(string Name, string Style, IReadOnlyList<(double AtSeconds, double Value)> Points);

    public string Draw()
    {
        var points = Lines.SelectMany(line => line.Points).ToArray();
        if (points.Length == 0)
        {
            return "";
        }

        var end = Math.Max(points.Max(point => point.AtSeconds), 1);
        var scale = new Scale(points.Select(point => point.Value), Logarithmic);
        var svg = new StringBuilder();
        Invariant(svg, $"<figure><figcaption>{Title} <span>{Unit}</span>{Legend()}</figcaption>");
        Invariant(svg, $"""<svg class="chart" viewBox="0 0 {Width} {Height}" role="img" aria-label="{Title}" """);
        Invariant(svg, $"""data-left="{Left}" data-right="{Width - Right}" data-end="{end:0.###}" """);
        Invariant(svg, $"""data-unit="{Unit}" data-lines="{WebUtility.HtmlEncode(Data())}">""");
        foreach (var value in scale.Ticks())
        {
            var y = Y(scale, value);
            Invariant(svg, $"""<line class="grid" x1="{Left}" x2="{Width - Right}" y1="{y:0.#}" y2="{y:0.#}"/>""");
            Invariant(
                svg,
                $"""<text class="tick" x="{Left - 8}" y="{y + 4:0.#}" text-anchor="end">{value:#,0.##}</text>"""
            );
        }

        foreach (var second in TimesFor(end))
        {
            Invariant(
                svg,
                $"""<text class="tick" x="{X(second, end):0.#}" y="{Height - 8}" text-anchor="middle">{second:0} s</text>"""
            );
        }

        foreach (var line in Lines)
        {
            var path = line.Points.Select(point =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{X(point.AtSeconds, end):0.#},{Y(scale, point.Value):0.#}"
                )
            );
            Invariant(svg, $"""<polyline class="line {line.Style}" points="{string.Join(' ', path)}"/>""");
        }

        Invariant(svg, $"""<line class="cursor" y1="{Top}" y2="{Height - Bottom}"/></svg><output></output></figure>""");
        return svg.ToString();
    }

    private string Legend() =>
        string.Concat(Lines.Select(line => $"""<i class="key {line.Style}"></i><b>{line.Name}</b>"""));

    private string Data()
    {
        var lines = Lines.Select(line =>
        {
            var points = line.Points.Select(point =>
                string.Create(CultureInfo.InvariantCulture, $"[{point.AtSeconds:0.##},{point.Value:0.###}]")
            );
            return $$"""{"name":"{{line.Name}}","points":[{{string.Join(',', points)}}]}""";
        });
        return $"[{string.Join(',', lines)}]";
    }

    private static double X(double second, double end) => Left + (Width - Left - Right) * second / end;

    private static double Y(Scale scale, double value) => Top + (Height - Top - Bottom) * (1 - scale.Fraction(value));

    private static IEnumerable<double> TimesFor(double end)
    {
        var step = Math.Max(1, Math.Ceiling(end / TimeTicks));
        for (double second = 0; second <= end; second += step)
        {
            yield return second;
        }
    }

    private static void Invariant(StringBuilder text, FormattableString piece) =>
        text.Append(piece.ToString(CultureInfo.InvariantCulture));

    /// <summary>Where a value lies between the bottom (0) and the top (1) of the chart.</summary>
    private sealed class Scale
    {
        private readonly bool logarithmic;
        private readonly double least;
        private readonly double most;

        public Scale(IEnumerable<double> values, bool logarithmic)
        {
            this.logarithmic = logarithmic;
            var all = values.ToArray();
            if (logarithmic)
            {
                var positive = all.Where(value => value > 0).DefaultIfEmpty(1).ToArray();
                least = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(positive.Min(), LeastLogarithmic))));
                most = Math.Max(Math.Pow(10, Math.Ceiling(Math.Log10(positive.Max()))), least * 10);
            }
            else
            {
                most = RoundUp(Math.Max(all.Max(), 1));
            }
        }

        public double Fraction(double value) =>
            logarithmic ? Math.Log10(Math.Max(value, least) / least) / Math.Log10(most / least) : value / most;

        public IEnumerable<double> Ticks()
        {
            if (!logarithmic)
            {
                return Enumerable.Range(0, ValueTicks + 1).Select(tick => most * tick / ValueTicks);
            }

            var decades = (int)Math.Round(Math.Log10(most / least));
            return Enumerable.Range(0, decades + 1).Select(decade => least * Math.Pow(10, decade));
        }

        /// <summary>The next of a few numbers, times a power of ten, that divide by four into readable ticks.</summary>
        private static double RoundUp(double value)
        {
            var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
            double[] steps = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10];
            return power * steps.First(step => step * power >= value);
        }
    }
}
