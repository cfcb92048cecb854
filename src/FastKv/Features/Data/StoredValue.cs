using FastKv.Api;
using StackExchange.Redis;

namespace FastKv.Features.Data;

/// <summary>
/// What was read of a key. A large value is in memory that is lent to it: to be disposed of when it is written out.
/// </summary>
internal readonly struct StoredValue : IDisposable
{
    private readonly Lease<byte>? lease;
    private readonly RequestMemory.Reservation? reservation;

    public StoredValue(RedisValue value)
    {
        Exists = !value.IsNull;
        Bytes = value;
    }

    public StoredValue(Lease<byte>? lease, RequestMemory.Reservation reservation)
    {
        this.lease = lease;
        this.reservation = reservation;
        Exists = lease is not null;
        Bytes = lease?.Memory ?? default;
    }

    /// <summary>Whether the user has the key.</summary>
    public bool Exists { get; }

    /// <summary>The value, in UTF-8.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    public void Dispose()
    {
        lease?.Dispose();
        reservation?.Dispose();
    }
}
