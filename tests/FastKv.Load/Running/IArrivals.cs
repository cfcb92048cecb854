namespace FastKv.Load.Running;

/// <summary>When requests are meant to start. The runner does not know which model it serves.</summary>
internal interface IArrivals
{
    /// <summary>Requests that should have started by now.</summary>
    long Offered { get; }

    /// <summary>Requests given up because no worker took them in time.</summary>
    long Dropped { get; }

    void Start(CancellationToken stop);

    /// <summary>
    /// The next request's intended start as a <see cref="System.Diagnostics.Stopwatch"/> timestamp, or null at the end.
    /// </summary>
    ValueTask<long?> NextAsync(CancellationToken cancellation);

    /// <summary>Counts what nobody has taken as dropped. Called once, after the workers have ended.</summary>
    void Abandon();
}
