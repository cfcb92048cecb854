using FastKv.Telemetry;

namespace FastKv.Api;

/// <summary>
/// The one budget of bytes for what requests hold: bodies that are being read, values that are being fetched, answers that are
/// being written. What may be larger than <see cref="UnreservedBytes"/> is reserved here before it is taken in, and refused if
/// there is no room. Smaller requests need no reservation, so large ones can't take their share: together they hold at most
/// <c>MaxConcurrentRequests</c> times <see cref="UnreservedBytes"/>.
/// </summary>
internal sealed class RequestMemory : IDisposable
{
    /// <summary>Bytes that a request may hold without a reservation.</summary>
    public const int UnreservedBytes = 16 * 1024;

    /// <summary>
    /// How long a reservation lasts: a body that is not there by then, or an answer that is not taken, is given up. The
    /// server's own demand of bytes a second counts from the beginning, so that who sent much early could hold it for long.
    /// </summary>
    private static readonly TimeSpan ReservationLimit = TimeSpan.FromSeconds(60);

    // Large bodies whose bytes are worked on at once. Each of the others waits without a thread, so that small requests never stand
    // behind more than these in the queue of the thread pool.
    private readonly SemaphoreSlim turns = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly long limit;
    private long reserved;

    /// <param name="limitBytes">What all reservations together may hold.</param>
    public RequestMemory(long limitBytes)
    {
        limit = limitBytes;
        Instruments.ObserveReservedMemory(() => Interlocked.Read(ref reserved));
    }

    /// <summary>Takes bytes from the budget until the reservation is disposed of.</summary>
    /// <exception cref="RequestRefusedException">There is no room: STORE_UNAVAILABLE, try again.</exception>
    public Reservation Reserve(long bytes)
    {
        Take(bytes);
        return new Reservation(this, bytes);
    }

    /// <summary>Waits for a turn to work on a piece of a large body; to be given back with <see cref="EndTurn"/>.</summary>
    public Task BeginTurnAsync(CancellationToken cancellation) => turns.WaitAsync(cancellation);

    public void EndTurn() => turns.Release();

    public void Dispose() => turns.Dispose();

    /// <summary>Ends when what is reserved must have arrived or have been taken. To be disposed of.</summary>
    public static CancellationTokenSource NewDeadline(CancellationToken cancellation)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(ReservationLimit);
        return deadline;
    }

    private void Take(long bytes)
    {
        if (Interlocked.Add(ref reserved, bytes) > limit)
        {
            Give(bytes);
            Instruments.CountMemoryRefusal();
            throw new RequestRefusedException(ApiError.StoreUnavailable);
        }
    }

    private void Give(long bytes) => Interlocked.Add(ref reserved, -bytes);

    /// <summary>Bytes of the budget. To be given back once, by whoever holds what they stand for.</summary>
    internal sealed class Reservation(RequestMemory memory, long bytes) : IDisposable
    {
        private long bytes = bytes;

        /// <summary>Takes or gives back what it turned out to be.</summary>
        /// <exception cref="RequestRefusedException">There is no room for more.</exception>
        public void Resize(long newBytes)
        {
            if (newBytes > bytes)
            {
                memory.Take(newBytes - bytes);
            }
            else
            {
                memory.Give(bytes - newBytes);
            }

            bytes = newBytes;
        }

        public void Dispose() => memory.Give(Interlocked.Exchange(ref bytes, 0));
    }
}
