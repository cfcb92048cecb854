using FastKv.Api;
using StackExchange.Redis;

namespace FastKv.Features.Data;

/// <summary>A page of keys: what the script for listing replied. Its memory is reserved until it is disposed of.</summary>
internal sealed class KeyPage(RedisResult reply, RequestMemory.Reservation reservation) : IDisposable
{
    // Which sessions have ended and the last key that was looked at; then a key and its milliseconds, each.
    private const int First = 2;

    /// <summary>Which of the user's sessions have ended; null if none has.</summary>
    public RedisValue Ended => (RedisValue)reply[0];

    /// <summary>How many keys.</summary>
    public int Count => (reply.Length - First) / 2;

    /// <summary>The key behind which the next page begins; empty if there is none.</summary>
    public ReadOnlyMemory<byte> Last => (ReadOnlyMemory<byte>)(RedisValue)reply[1];

    public ReadOnlyMemory<byte> KeyAt(int index) => (ReadOnlyMemory<byte>)(RedisValue)reply[First + 2 * index];

    /// <summary>Whole seconds until the entry expires; null if it does not.</summary>
    public long? SecondsLeftAt(int index) => Expiry.SecondsLeft((long)reply[First + 2 * index + 1]);

    public void Dispose() => reservation.Dispose();
}
