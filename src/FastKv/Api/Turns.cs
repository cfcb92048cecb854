namespace FastKv.Api;

/// <summary>
/// Pieces of what is large that are worked on at once. Each of the others waits without a thread, so that small requests never
/// stand behind more than these in the queue of the thread pool.
/// </summary>
internal sealed class Turns : IDisposable
{
    /// <summary>How many.</summary>
    public static readonly int AtOnce = Math.Max(1, Environment.ProcessorCount / 2);

    private readonly SemaphoreSlim places = new(AtOnce);

    /// <summary>Waits for a turn to work on a piece; to be given back by disposing of it.</summary>
    public async ValueTask<Turn> TakeAsync(CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation);

        // To the end of the pool's common queue. Who gives back a turn leaves the next one in the queue of its own thread, which
        // goes first: one large piece would follow the other and small requests would wait for all of them.
        await Task.Yield();
        return new Turn(places);
    }

    public void Dispose() => places.Dispose();

    /// <summary>The right to work on a piece.</summary>
    internal readonly struct Turn(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
