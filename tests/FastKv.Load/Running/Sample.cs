namespace FastKv.Load.Running;

/// <summary>About one second of a run. Latency is from the intended start.</summary>
/// <param name="AtSeconds">When the interval ended, since the start.</param>
/// <param name="LengthSeconds">How long it really was: the timer is not exact, so rates divide by this.</param>
internal sealed record Sample(
    double AtSeconds,
    double LengthSeconds,
    long Offered,
    long Ok,
    long Failed,
    long Dropped,
    double P50Milliseconds,
    double P99Milliseconds,
    double MaxMilliseconds
)
{
    public double OfferedPerSecond => Offered / LengthSeconds;

    public double OkPerSecond => Ok / LengthSeconds;
}
