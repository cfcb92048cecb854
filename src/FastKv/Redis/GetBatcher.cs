using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Puts reads that arrive while others are under way together into one command, so that a busy service pays for the way to Redis
/// once for many requests. An idle service sends each at once. On a cluster only keys of one slot go together.
/// </summary>
internal sealed class GetBatcher(
    Func<RedisKey, Task<SmallValue>> sendAsync,
    Func<RedisKey[], Task<SmallValue[]>> sendTogetherAsync
)
{
    /// <summary>Keys in one command: bounds how long the others wait for it.</summary>
    public const int MaximumBatch = 64;

    // One lane per slot, made when it is first used; a server without slots has one lane.
    private readonly Lane?[] lanes = new Lane[SlotCount + 1];
    private const int SlotCount = 16384;

    /// <summary>The value of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="slot">Its slot on a cluster, 0 to 16,383; -1 elsewhere.</param>
    public Task<SmallValue> GetAsync(RedisKey key, int slot)
    {
        var lane = lanes[slot + 1];
        if (lane is null)
        {
            Interlocked.CompareExchange(ref lanes[slot + 1], new Lane(sendAsync, sendTogetherAsync), null);
            lane = lanes[slot + 1]!;
        }

        return lane.GetAsync(key);
    }

    private sealed class Lane(
        Func<RedisKey, Task<SmallValue>> sendAsync,
        Func<RedisKey[], Task<SmallValue[]>> sendTogetherAsync
    )
    {
        /// <summary>Batches of a lane under way at once: a batch that waits for a large value does not stop the next.</summary>
        private const int MaximumUnderWay = 2;

        private readonly Lock gate = new();
        private List<(RedisKey Key, TaskCompletionSource<SmallValue> Caller)> waiting = [];
        private int underWay;

        public Task<SmallValue> GetAsync(RedisKey key)
        {
            lock (gate)
            {
                if (underWay == MaximumUnderWay)
                {
                    var caller = new TaskCompletionSource<SmallValue>(
                        TaskCreationOptions.RunContinuationsAsynchronously
                    );
                    waiting.Add((key, caller));
                    return caller.Task;
                }

                underWay++;
            }

            return SendAloneAsync(key);
        }

        private async Task<SmallValue> SendAloneAsync(RedisKey key)
        {
            try
            {
                return await sendAsync(key).ConfigureAwait(false);
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

        private List<(RedisKey Key, TaskCompletionSource<SmallValue> Caller)>? TakeWaiting()
        {
            lock (gate)
            {
                if (waiting.Count == 0)
                {
                    underWay--;
                    return null;
                }

                var batch = waiting;
                // About as many come next: a list that grows copies what is in it.
                waiting = batch.Count > MaximumBatch ? batch[MaximumBatch..] : new(batch.Count);
                if (batch.Count > MaximumBatch)
                {
                    batch.RemoveRange(MaximumBatch, batch.Count - MaximumBatch);
                }

                return batch;
            }
        }

        private async Task SendAsync(List<(RedisKey Key, TaskCompletionSource<SmallValue> Caller)> batch)
        {
            try
            {
                var keys = new RedisKey[batch.Count];
                for (var i = 0; i < keys.Length; i++)
                {
                    keys[i] = batch[i].Key;
                }

                var values = await sendTogetherAsync(keys).ConfigureAwait(false);
                for (var i = 0; i < values.Length; i++)
                {
                    batch[i].Caller.SetResult(values[i]);
                }
            }
            catch (Exception exception)
            {
                // The fault of a batch is the fault of each of its callers.
                foreach (var (_, caller) in batch)
                {
                    caller.TrySetException(exception);
                }
            }
        }
    }
}
