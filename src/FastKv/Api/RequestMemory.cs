using FastKv.Telemetry;

namespace FastKv.Api;

/// <summary>
/// The one budget of bytes for what requests hold: bodies that are being read, values that are being fetched, answers that are
/// being written. What may be larger than <see cref="UnreservedBytes"/> is reserved here before it is taken in, and refused if
/// there is no room. Smaller requests need no reservation, so large ones can't take their share: together they hold at most
/// <c>MaxConcurrentRequests</c> times <see cref="UnreservedBytes"/>. Bodies have one half and values the other, since who holds
/// back a body should stop nobody from reading; and of each half one user holds at most half, so that others get through.
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

    /// <param name="limitBytes">What all reservations together may hold.</param>
    public RequestMemory(long limitBytes)
    {
        Bodies = new Share(limitBytes / 2);
        Values = new Share(limitBytes / 2);
        Instruments.ObserveReservedMemory(() => Bodies.Reserved + Values.Reserved);
    }

    /// <summary>For bodies that are being read.</summary>
    public Share Bodies { get; }

    /// <summary>For values that are being fetched and written out.</summary>
    public Share Values { get; }

    /// <summary>For the pieces of large bodies and answers.</summary>
    public Turns Turns { get; } = new();

    /// <summary>For the pieces of refused bodies: however many they are, they do not delay the bodies and answers.</summary>
    public Turns DrainTurns { get; } = new();

    public void Dispose()
    {
        Turns.Dispose();
        DrainTurns.Dispose();
    }

    /// <summary>Ends when what is reserved must have arrived or have been taken. To be disposed of.</summary>
    public static CancellationTokenSource NewDeadline(CancellationToken cancellation)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(ReservationLimit);
        return deadline;
    }

    /// <summary>Bytes for one kind of thing.</summary>
    internal sealed class Share(long limit)
    {
        private readonly Lock gate = new();
        private readonly Dictionary<string, long> reservedByUser = [];
        private long reserved;
        private long most;

        /// <summary>Bytes that one user may hold.</summary>
        public long MaximumOfUser => limit / 2;

        /// <summary>Bytes that are reserved now.</summary>
        public long Reserved => Interlocked.Read(ref reserved);

        /// <summary>Takes bytes until the reservation is disposed of.</summary>
        /// <param name="userId">Who holds them; empty for those who have not signed in, who count as one.</param>
        /// <param name="bytes">How many.</param>
        /// <exception cref="RequestRefusedException">There is no room: STORE_UNAVAILABLE, try again.</exception>
        public Reservation Reserve(string userId, long bytes)
        {
            Take(userId, bytes);
            return new Reservation(this, userId, bytes);
        }

        /// <summary>The most bytes that were reserved at once since this was last asked.</summary>
        public long TakeMost()
        {
            lock (gate)
            {
                var bytes = most;
                most = reserved;
                return bytes;
            }
        }

        internal void Take(string userId, long bytes)
        {
            lock (gate)
            {
                var ofUser = reservedByUser.GetValueOrDefault(userId) + bytes;
                if (reserved + bytes <= limit && ofUser <= MaximumOfUser)
                {
                    reservedByUser[userId] = ofUser;
                    reserved += bytes;
                    most = Math.Max(most, reserved);
                    return;
                }
            }

            Instruments.CountMemoryRefusal();
            throw new RequestRefusedException(ApiError.StoreUnavailable);
        }

        internal void Give(string userId, long bytes)
        {
            lock (gate)
            {
                reserved -= bytes;
                var ofUser = reservedByUser.GetValueOrDefault(userId) - bytes;
                if (ofUser > 0)
                {
                    reservedByUser[userId] = ofUser;
                }
                else
                {
                    reservedByUser.Remove(userId);
                }
            }
        }
    }

    /// <summary>Bytes of the budget. To be given back once, by whoever holds what they stand for.</summary>
    internal sealed class Reservation(Share share, string userId, long bytes) : IDisposable
    {
        private long bytes = bytes;

        /// <summary>Takes or gives back what it turned out to be.</summary>
        /// <exception cref="RequestRefusedException">There is no room for more.</exception>
        public void Resize(long newBytes)
        {
            if (newBytes > bytes)
            {
                share.Take(userId, newBytes - bytes);
            }
            else
            {
                share.Give(userId, bytes - newBytes);
            }

            bytes = newBytes;
        }

        public void Dispose() => share.Give(userId, Interlocked.Exchange(ref bytes, 0));
    }
}
