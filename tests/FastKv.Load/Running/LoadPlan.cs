namespace FastKv.Load.Running;

/// <summary>How hard and how long. Everything in it is a bound.</summary>
/// <param name="RatePerSecond">Arrivals a second; the open model only.</param>
/// <param name="Workers">The most requests in flight at once.</param>
/// <param name="RequestTimeout">A request that takes longer has failed; also the longest drain at the end.</param>
internal sealed record LoadPlan(
    LoadModel Model,
    double RatePerSecond,
    int Workers,
    TimeSpan Duration,
    TimeSpan RequestTimeout
)
{
    private const int LeastQueue = 64;
    private const int MostQueue = 100_000;

    /// <summary>Arrivals that may wait for a worker: two seconds' worth. Beyond that they are dropped and counted.</summary>
    public int QueueCapacity => (int)Math.Clamp(RatePerSecond * 2, LeastQueue, MostQueue);
}
