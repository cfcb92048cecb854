using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Features.Data;

/// <summary>The entries of all users. Each method is one Redis command, and its reply is the answer.</summary>
internal sealed class DataStore(RedisCommands redis, RedisKeys keys)
{
    /// <summary>False if the user has this key already.</summary>
    public Task<bool> StoreAsync(string userId, DataKey key, byte[] value) =>
        redis.SetIfAbsentAsync(keys.Data(userId, key.Utf8), value);

    /// <summary>The value's bytes, or null if the user has no such key.</summary>
    public Task<RedisValue> RetrieveAsync(string userId, DataKey key) => redis.GetAsync(keys.Data(userId, key.Utf8));

    /// <summary>False if the user has no such key.</summary>
    public Task<bool> UpdateAsync(string userId, DataKey key, byte[] value) =>
        redis.SetIfPresentAsync(keys.Data(userId, key.Utf8), value);

    /// <summary>False if the user had no such key.</summary>
    public Task<bool> DeleteAsync(string userId, DataKey key) => redis.DeleteAsync(keys.Data(userId, key.Utf8));
}
