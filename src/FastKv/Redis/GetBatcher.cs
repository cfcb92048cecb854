using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Puts reads that arrive while others are under way together into one command, so that a busy service pays for the way to Redis
/// once for many requests. An idle service sends each at once. On a cluster only keys of one slot go together.
/// </summary>
internal sealed class GetBatcher(
    Func<UserRead, Task<SmallValue>> sendAsync,
    Func<UserRead[], Task<SmallValue[]>> sendTogetherAsync
)
{
    /// <summary>Keys in one command: bounds how long the others wait for it.</summary>
    public const int MaximumBatch = 64;

    // One lane per slot, made when it is first used; a server without slots has one lane.
    private readonly Lane?[] lanes = new Lane[SlotCount + 1];
    private const int SlotCount = 16384;

    /// <summary>The value of a key.</summary>
    /// <param name="read">The key, and whose it is.</param>
    /// <param name="slot">Its slot on a cluster, 0 to 16,383; -1 elsewhere.</param>
    public Task<SmallValue> GetAsync(UserRead read, int slot)
    {
        var lane = lanes[slot + 1];
        if (lane is null)
        {
            Interlocked.CompareExchange(ref lanes[slot + 1], new Lane(sendAsync, sendTogetherAsync), null);
            lane = lanes[slot + 1]!;
        }

        return lane.GetAsync(read);
    }

    private sealed class Lane(
        Func<UserRead, Task<SmallValue>> sendAsync,
        Func<UserRead[], Task<SmallValue[]>> sendTogetherAsync
    )
    {
        /// <summary>Batches of a lane under way at once: a batch that waits for a large value does not stop the next.</summary>
        private const int MaximumUnderWay = 2;

        private readonly Lock gate = new();
        private Batch waiting = new(0);
        private int underWay;

        public Task<SmallValue> GetAsync(UserRead read)
        {
            lock (gate)
            {
                if (underWay == MaximumUnderWay)
                {
                    return waiting.Add(read);
                }

                underWay++;
            }

            return SendAloneAsync(read);
        }

        private async Task<SmallValue> SendAloneAsync(UserRead read)
        {
            try
            {
                return await sendAsync(read).ConfigureAwait(false);
            }
            finally
            {
                _ = SendWaitingAsync();
            }
        }

        private async Task SendWaitingAsync()
        {
            while (TakeWaiting() is { } batch)
            {
                await SendAsync(batch).ConfigureAwait(false);
            }
        }

        private Batch? TakeWaiting()
        {
            lock (gate)
            {
                if (waiting.Count == 0)
                {
                    underWay--;
                    return null;
                }

                var batch = waiting;
                waiting = batch.Split(MaximumBatch);
                return batch;
            }
        }

        private async Task SendAsync(Batch batch)
        {
            try
            {
                batch.Succeed(await sendTogetherAsync(batch.Reads).ConfigureAwait(false));
            }
            catch (Exception exception)
            {
                batch.Fail(exception);
            }
        }
    }

    /// <summary>Reads that travel together, and who waits for each.</summary>
    private sealed class Batch(int capacity)
    {
        private readonly List<UserRead> reads = new(capacity);
        private readonly List<TaskCompletionSource<SmallValue>> callers = new(capacity);

        public int Count => reads.Count;

        public UserRead[] Reads => [.. reads];

        public Task<SmallValue> Add(UserRead read)
        {
            var caller = new TaskCompletionSource<SmallValue>(TaskCreationOptions.RunContinuationsAsynchronously);
            reads.Add(read);
            callers.Add(caller);
            return caller.Task;
        }

        /// <summary>Leaves as many as go together here, and returns the rest. About as many come next: a list that grows copies.</summary>
        public Batch Split(int maximum)
        {
            var rest = new Batch(Count);
            if (Count > maximum)
            {
                rest.reads.AddRange(reads[maximum..]);
                rest.callers.AddRange(callers[maximum..]);
                reads.RemoveRange(maximum, Count - maximum);
                callers.RemoveRange(maximum, callers.Count - maximum);
            }

            return rest;
        }

        public void Succeed(SmallValue[] values)
        {
            for (var i = 0; i < values.Length; i++)
            {
                callers[i].SetResult(values[i]);
            }
        }

        /// <summary>The fault of a batch is the fault of each of its callers.</summary>
        public void Fail(Exception fault)
        {
            foreach (var caller in callers)
            {
                caller.TrySetException(fault);
            }
        }
    }
}

/// <summary>A read of one of a user's entries.</summary>
/// <param name="UserId">The user.</param>
/// <param name="Key">The entry's name.</param>
/// <param name="Ended">The name of <see cref="RedisKeys.Ended"/>.</param>
internal readonly record struct UserRead(string UserId, RedisKey Key, RedisKey Ended);
