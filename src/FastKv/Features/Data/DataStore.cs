using System.Diagnostics;
using FastKv.Api;
using FastKv.Redis;

namespace FastKv.Features.Data;

/// <summary>
/// The entries of all users. Each method is one Redis command, and its reply is the answer. A value that turns out to be large is
/// asked for a second time, with its memory reserved, on a way of its own.
/// </summary>
internal sealed class DataStore(RedisCommands redis, RedisKeys keys, RedisOptions options, RequestMemory memory)
{
    /// <summary>False if the user has this key already.</summary>
    public Task<bool> StoreAsync(string userId, DataKey key, ReadOnlyMemory<byte> value) =>
        redis.SetIfAbsentAsync(keys.Data(userId, key.Utf8), value);

    /// <summary>The value's bytes, or none if the user has no such key. To be disposed of when they are written out.</summary>
    public async ValueTask<StoredValue> RetrieveAsync(string userId, DataKey key)
    {
        var name = keys.Data(userId, key.Utf8);
        var begun = Stopwatch.GetTimestamp();
        var small = await redis.GetSmallAsync(name);
        if (!small.IsLarge)
        {
            return new StoredValue(small.Value);
        }

        var deadline = new StoreDeadline(options.CommandTimeout - Stopwatch.GetElapsedTime(begun));
        var reservation = memory.Values.Reserve(userId, DataBody.MaximumValueLength);
        try
        {
            var lease = await redis.GetLargeAsync(name, deadline);
            reservation.Resize(lease?.Length ?? 0);
            return new StoredValue(lease, reservation);
        }
        catch
        {
            reservation.Dispose();
            throw;
        }
    }

    /// <summary>False if the user has no such key.</summary>
    public Task<bool> UpdateAsync(string userId, DataKey key, ReadOnlyMemory<byte> value) =>
        redis.SetIfPresentAsync(keys.Data(userId, key.Utf8), value);

    /// <summary>False if the user had no such key.</summary>
    public Task<bool> DeleteAsync(string userId, DataKey key) => redis.DeleteAsync(keys.Data(userId, key.Utf8));
}
