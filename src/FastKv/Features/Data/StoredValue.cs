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

    public StoredValue(RedisValue value, RedisValue ended)
    {
        Exists = !value.IsNull;
        Bytes = value;
        Ended = ended;
    }

    public StoredValue(Lease<byte>? lease, RequestMemory.Reservation reservation, RedisValue ended)
    {
        Ended = ended;
        this.lease = lease;
        this.reservation = reservation;
        Exists = lease is not null;
        Bytes = lease?.Memory ?? default;
    }

    /// <summary>Which of the user's sessions have ended; null if none has.</summary>
    public RedisValue Ended { get; }

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
