using FastKv.Api;
using StackExchange.Redis;

namespace FastKv.Features.Data;

/// <summary>One operation on one entry, as the script for writes takes it.</summary>
internal readonly struct DataWrite
{
    private DataWrite(RedisValue kind, DataKey key)
    {
        Kind = kind;
        Key = key;
        Value = RedisValue.EmptyString;
    }

    // By these words the script knows them: see write.lua.
    private static readonly RedisValue StoreKind = "store"u8.ToArray();
    private static readonly RedisValue UpdateKind = "update"u8.ToArray();
    private static readonly RedisValue UpsertKind = "upsert"u8.ToArray();
    private static readonly RedisValue DeleteKind = "delete"u8.ToArray();
    private static readonly RedisValue IncrementKind = "increment"u8.ToArray();
    private static readonly RedisValue CountKind = "count"u8.ToArray();
    private static readonly RedisValue ExpireKind = "expire"u8.ToArray();

    public RedisValue Kind { get; }

    public DataKey Key { get; }

    public RedisValue Value { get; private init; }

    /// <summary>Whether there is a value when it is done.</summary>
    public bool HasValue => Kind != DeleteKind;

    public Expiry Expiry { get; private init; }

    public Preconditions Preconditions { get; private init; }

    /// <summary>Creates an entry that must not exist.</summary>
    public static DataWrite Store(DataKey key, ReadOnlyMemory<byte> value, Expiry expiry) =>
        new(StoreKind, key) { Value = value, Expiry = expiry };

    /// <summary>Replaces the value of an entry that exists; with <paramref name="isUpsert"/> creates it if it does not.</summary>
    public static DataWrite Update(
        DataKey key,
        ReadOnlyMemory<byte> value,
        Expiry expiry,
        Preconditions preconditions,
        bool isUpsert
    ) =>
        new(isUpsert ? UpsertKind : UpdateKind, key)
        {
            Value = value,
            Expiry = expiry,
            Preconditions = preconditions,
        };

    /// <summary>Removes an entry that exists.</summary>
    public static DataWrite Delete(DataKey key, Preconditions preconditions) =>
        new(DeleteKind, key) { Preconditions = preconditions };

    /// <summary>Adds to the whole number of an entry; with <paramref name="create"/> one that does not exist counts as 0.</summary>
    public static DataWrite Increment(
        DataKey key,
        long increment,
        Expiry expiry,
        Preconditions preconditions,
        bool create
    ) =>
        new(create ? CountKind : IncrementKind, key)
        {
            Value = increment,
            Expiry = expiry,
            Preconditions = preconditions,
        };

    /// <summary>Changes the expiry of an entry that exists, and nothing else.</summary>
    public static DataWrite Expire(DataKey key, Expiry expiry, Preconditions preconditions) =>
        new(ExpireKind, key) { Expiry = expiry, Preconditions = preconditions };
}
