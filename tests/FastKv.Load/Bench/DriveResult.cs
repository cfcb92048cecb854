namespace FastKv.Load.Bench;

/// <summary>What a driver counted. <paramref name="NotOk"/> are answers other than 2xx, and broken connections.</summary>
internal sealed record DriveResult(long Requests, double Seconds, long NotOk)
{
    public double PerSecond => Requests / Seconds;
}
