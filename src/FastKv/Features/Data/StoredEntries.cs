using FastKv.Api;
using StackExchange.Redis;

namespace FastKv.Features.Data;

/// <summary>What was read of several keys at one instant. To be disposed of when it is written out.</summary>
internal sealed class StoredEntries(RedisResult reply, RequestMemory.Reservation? reservation) : IDisposable
{
    // What the script replies instead of the time that is left.
    private const long NoRoom = 0;

    /// <summary>Which of the user's sessions have ended; null if none has.</summary>
    public RedisValue Ended => (RedisValue)reply[reply.Length - 1];

    /// <summary>The value; null if there is none, or if it was not read.</summary>
    public ReadOnlyMemory<byte>? ValueAt(int index) =>
        (RedisValue)reply[2 * index] is { IsNull: false } value ? (ReadOnlyMemory<byte>?)value : null;

    /// <summary>Whether there may be one, for which there was no room.</summary>
    public bool IsUnread(int index) => reply[2 * index].IsNull && (long)reply[2 * index + 1] == NoRoom;

    /// <summary>Whole seconds until it expires; null if it does not.</summary>
    public long? SecondsLeftAt(int index) => Expiry.SecondsLeft((long)reply[2 * index + 1]);

    public void Dispose() => reservation?.Dispose();
}
