using System.Globalization;

namespace FastKv.Load.Bench;

/// <summary>The median of some rounds, and how far they lie apart.</summary>
internal sealed record Spread(double Median, double Least, double Most)
{
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[^1]);
    }

    public string Text(string format) => $"{Plain(Median, format)} ({Plain(Least, format)} to {Plain(Most, format)})";

    private static string Plain(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
