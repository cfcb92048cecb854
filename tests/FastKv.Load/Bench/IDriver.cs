namespace FastKv.Load.Bench;

/// <summary>Drives a server as fast as it answers, over a fixed number of connections and streams on each.</summary>
internal interface IDriver
{
    string Name { get; }

    Task<DriveResult> DriveAsync(DriveOrder order, CancellationToken cancellation);
}

/// <param name="Streams">Requests in flight on each connection: 1 over HTTP/1.1.</param>
internal sealed record DriveOrder(Uri Target, RequestPlan Plan, int Connections, int Streams, TimeSpan Duration)
{
    public int Seconds => (int)Math.Ceiling(Duration.TotalSeconds);
}
