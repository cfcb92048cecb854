using HdrHistogram;

namespace FastKv.Load.Running;

/// <summary>Percentiles in milliseconds. All zero where nothing was recorded.</summary>
internal sealed record LatencySummary(
    long Count,
    double P50Milliseconds,
    double P90Milliseconds,
    double P99Milliseconds,
    double P999Milliseconds,
    double MaxMilliseconds
)
{
    public static LatencySummary Of(HistogramBase histogram) =>
        histogram.TotalCount == 0
            ? new LatencySummary(0, 0, 0, 0, 0, 0)
            : new LatencySummary(
                histogram.TotalCount,
                Percentile(histogram, 50),
                Percentile(histogram, 90),
                Percentile(histogram, 99),
                Percentile(histogram, 99.9),
                Milliseconds(histogram.GetMaxValue())
            );

    private static double Percentile(HistogramBase histogram, double percentile) =>
        Milliseconds(histogram.GetValueAtPercentile(percentile));

    private static double Milliseconds(long microseconds) => microseconds / 1000.0;
}
