namespace FastKv.Redis;

/// <summary>Whether the store may be written. Only the embedded store ever closes it: when its disk is full.</summary>
internal sealed class WriteGate
{
    private volatile bool isClosed;

    public bool IsClosed
    {
        get => isClosed;
        set => isClosed = value;
    }

    /// <exception cref="StoreUnavailableException">The gate is closed.</exception>
    public void ThrowIfClosed()
    {
        if (isClosed)
        {
            throw new StoreUnavailableException("DiskFull");
        }
    }
}
