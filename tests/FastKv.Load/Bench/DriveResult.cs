namespace FastKv.Load.Bench;

/// <summary>What a driver counted. <paramref name="NotOk"/> are answers other than 2xx, and broken connections.</summary>
internal sealed record DriveResult(long Requests, double Seconds, long NotOk)
{
    /// <summary>What the first of those was, if the driver tells.</summary>
    public string? FirstFailure { get; init; }

    public double PerSecond => Requests / Seconds;
}
