using System.Diagnostics;
using System.Security.Cryptography;
using FastKv.Api;
using FastKv.Auth;
using FastKv.Configuration;
using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Features.Data;

/// <summary>
/// The entries of all users. Each method is one command or one script of Redis, and its reply is the answer. What turns out to be
/// large is asked for a second time, with its memory reserved, on a way of its own.
/// </summary>
internal sealed class DataStore(
    RedisCommands redis,
    RedisKeys keys,
    RedisOptions options,
    LimitOptions limits,
    DataOptions dataOptions,
    StoreClock clock,
    RequestMemory memory
)
{
    /// <summary>Names of expired entries that one listing takes away at most.</summary>
    private const int MaximumForgotten = 1000;

    /// <summary>Bytes of the values that one batch reads at most.</summary>
    private const int MaximumBatchLength = 8 * 1024 * 1024;

    /// <summary>Bytes: the key of a listed entry as it came from Redis, and in the answer with every character escaped.</summary>
    private const int ListedEntryLength = 3 * DataKey.MaximumLength + 64;

    // Keys and arguments of the script for writes: before those of the operations, and of each of them.
    private const int CommonKeys = 3;
    private const int CommonArguments = 7;
    private const int ArgumentsOfEach = 5;

    private static readonly RedisScript WriteWhileTimeStands = RedisScript.Load("time_stands", "write");
    private static readonly RedisScript WriteWhileTimeGoesOn = RedisScript.Load("time_goes_on", "write");
    private static readonly RedisScript ReadScript = RedisScript.Load("read");
    private static readonly RedisScript ListScript = RedisScript.Load("list");

    private readonly RedisScript writeScript = clock.StandsInScripts ? WriteWhileTimeStands : WriteWhileTimeGoesOn;
    private readonly RedisValue quota = limits.KeysPerUser;
    private readonly RedisValue rememberedMilliseconds = dataOptions.IdempotencySeconds * 1000L;

    /// <summary>Does one operation.</summary>
    public Task<WriteResult> WriteAsync(Caller caller, in DataWrite write, IdempotencyKey? idempotencyKey) =>
        SendAsync(caller, new ReadOnlySpan<DataWrite>(in write), idempotencyKey, "one"u8);

    /// <summary>Does all operations or none. No two of them have the same key.</summary>
    public Task<WriteResult> WriteAsync(Caller caller, DataWrite[] writes, IdempotencyKey? idempotencyKey) =>
        SendAsync(caller, writes, idempotencyKey, "batch"u8);

    /// <summary>The value's bytes, or none if the user has no such key. To be disposed of when they are written out.</summary>
    public async ValueTask<StoredValue> RetrieveAsync(Caller caller, DataKey key)
    {
        var name = keys.Data(caller.UserId, key.Utf8);
        var begun = Stopwatch.GetTimestamp();
        var small = await redis.GetSmallAsync(new UserRead(caller.UserId, name, caller.EndedKey(keys)));
        if (small.IsLarge)
        {
            return await RetrieveLargeAsync(caller, name, small.Ended, begun);
        }

        return new StoredValue(small.Value, small.Ended);
    }

    /// <summary>Entries at one instant, in the order asked. To be disposed of when they are written out.</summary>
    public async Task<StoredEntries> RetrieveAsync(Caller caller, DataKey[] entries)
    {
        RedisKey[] names = [.. entries.Select(key => keys.Data(caller.UserId, key.Utf8)), caller.EndedKey(keys)];
        var deadline = new StoreDeadline(options.CommandTimeout);
        var reply = await redis.ReadAsync(
            ReadScript,
            names,
            [MaximumBatchLength, SmallValue.MaximumLength],
            deadline: deadline
        );
        if (reply.Resp2Type is not ResultType.Integer)
        {
            return new StoredEntries(reply, null);
        }

        // What has grown since stays unread, and so does what is more than one user may hold, so that no more comes than there is
        // room for.
        var length = Math.Min((long)reply, memory.Values.MaximumOfUser);
        var reservation = memory.Values.Reserve(caller.UserId, length);
        try
        {
            return new StoredEntries(
                await redis.ReadAsync(ReadScript, names, [length, long.MaxValue], isLarge: true, deadline),
                reservation
            );
        }
        catch
        {
            reservation.Dispose();
            throw;
        }
    }

    /// <summary>A page of the user's keys. To be disposed of when it is written out.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="prefix">What the keys begin with.</param>
    /// <param name="after">The key that they stand behind; empty for the first page.</param>
    /// <param name="limit">Keys at most.</param>
    public async Task<KeyPage> ListAsync(
        Caller caller,
        ReadOnlyMemory<byte> prefix,
        ReadOnlyMemory<byte> after,
        int limit
    )
    {
        var reservation = memory.Values.Reserve(caller.UserId, (long)limit * ListedEntryLength);
        try
        {
            var reply = await redis.ReadAsync(
                ListScript,
                [keys.Keys(caller.UserId), keys.Expiry(caller.UserId), caller.EndedKey(keys)],
                [KeyRange.Begin(prefix.Span, after.Span), KeyRange.End(prefix.Span), limit, MaximumForgotten]
            );
            return new KeyPage(reply, reservation);
        }
        catch
        {
            reservation.Dispose();
            throw;
        }
    }

    // Apart, so that a small value does not pay for what only this remembers.
    private async Task<StoredValue> RetrieveLargeAsync(Caller caller, RedisKey name, RedisValue ended, long begun)
    {
        var deadline = new StoreDeadline(options.CommandTimeout - Stopwatch.GetElapsedTime(begun));
        var reservation = memory.Values.Reserve(caller.UserId, EntryMembers.MaximumValueLength);
        try
        {
            var lease = await redis.GetLargeAsync(name, deadline);
            reservation.Resize(lease?.Length ?? 0);
            return new StoredValue(lease, reservation, ended);
        }
        catch
        {
            reservation.Dispose();
            throw;
        }
    }

    private async Task<WriteResult> SendAsync(RedisKey[] names, RedisValue[] arguments, bool isLarge) =>
        WriteResult.Of(await redis.WriteAsync(writeScript, names, arguments, isLarge));

    private Task<WriteResult> SendAsync(
        Caller caller,
        ReadOnlySpan<DataWrite> writes,
        IdempotencyKey? idempotencyKey,
        ReadOnlySpan<byte> form
    )
    {
        var userId = caller.UserId;
        var names = new RedisKey[CommonKeys + writes.Length + (idempotencyKey is null ? 0 : 2)];
        names[0] = keys.Keys(userId);
        names[1] = keys.Expiry(userId);
        names[2] = caller.EndedKey(keys);
        var arguments = new RedisValue[CommonArguments + ArgumentsOfEach * writes.Length];
        arguments[0] = keys.DataPrefixLength(userId);
        arguments[1] = quota;
        arguments[2] = caller.Session.Id ?? "";
        arguments[3] = caller.Session.BeganAt;
        arguments[4] = arguments[5] = arguments[6] = RedisValue.EmptyString;
        long length = 0;
        for (var i = 0; i < writes.Length; i++)
        {
            ref readonly var write = ref writes[i];
            names[CommonKeys + i] = keys.Data(userId, write.Key.Utf8);
            var own = arguments.AsSpan(CommonArguments + ArgumentsOfEach * i, ArgumentsOfEach);
            own[0] = write.Kind;
            own[1] = write.Value;
            own[2] = write.Expiry.Argument;
            own[3] = write.Preconditions.IfMatch?.Text ?? "";
            own[4] = write.Preconditions.IfNoneMatch?.Text ?? "";
            length += write.Value.GetByteCount();
        }

        if (idempotencyKey is not null)
        {
            arguments[4] = FingerprintOf(form, names.AsSpan(CommonKeys, writes.Length), arguments);
            arguments[5] = rememberedMilliseconds;
            arguments[6] = keys.DonePrefixLength(userId);
            names[^2] = keys.Done(userId, idempotencyKey.Text);
            names[^1] = keys.DoneIndex(userId);
        }

        return SendAsync(names, arguments, isLarge: length > SmallValue.MaximumLength);
    }

    /// <summary>What tells a request from every other: all that the script is to do, and whether it is a batch.</summary>
    private static RedisValue FingerprintOf(
        ReadOnlySpan<byte> form,
        ReadOnlySpan<RedisKey> entries,
        RedisValue[] arguments
    )
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, form);
        foreach (var name in entries)
        {
            Append(hash, (byte[])name!);
        }

        foreach (var argument in arguments.AsSpan(CommonArguments))
        {
            Append(hash, ((ReadOnlyMemory<byte>)argument).Span);
        }

        return hash.GetHashAndReset().AsMemory(0, 16);
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> part)
    {
        // With its length, so that no two lists of parts are one.
        Span<byte> length = stackalloc byte[sizeof(int)];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(length, part.Length);
        hash.AppendData(length);
        hash.AppendData(part);
    }
}
