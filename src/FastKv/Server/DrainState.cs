namespace FastKv.Server;

/// <summary>Whether the service is on its way out: it still answers, but is not ready, and asks clients to go elsewhere.</summary>
internal sealed class DrainState
{
    private int begun;

    public bool HasBegun => Volatile.Read(ref begun) != 0;

    /// <summary>False if it had begun before.</summary>
    public bool Begin() => Interlocked.Exchange(ref begun, 1) == 0;
}
