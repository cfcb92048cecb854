using HdrHistogram;

namespace FastKv.Load.Running;

/// <summary>The one shape of every histogram: microseconds up to ten minutes, each within 1 %.</summary>
internal static class LatencyHistogram
{
    public const long MostMicroseconds = 600_000_000;
    private const int SignificantDigits = 2;

    public static LongHistogram Create() => new(1, MostMicroseconds, SignificantDigits);

    /// <summary>One thread writes while another takes what has come since it last asked.</summary>
    public static Recorder CreateRecorder() =>
        HistogramFactory
            .With64BitBucketSize()
            .WithValuesFrom(1)
            .WithValuesUpTo(MostMicroseconds)
            .WithPrecisionOf(SignificantDigits)
            .WithThreadSafeReads()
            .Create();
}
