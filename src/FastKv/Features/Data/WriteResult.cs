using FastKv.Api;
using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Features.Data;

/// <summary>How a write ended: what the script for writes replied.</summary>
internal readonly struct WriteResult
{
    /// <summary>Whether an entry was created.</summary>
    public bool IsCreated { get; private init; }

    /// <summary>Of an increment, the sum.</summary>
    public RedisValue Sum { get; private init; }

    /// <summary>Whether it was done before, under the same Idempotency-Key.</summary>
    public bool IsReplayed { get; private init; }

    /// <summary>What stands in the way, so that nothing was done; null if it was done.</summary>
    public IReadOnlyList<WriteRefusal>? Refusals { get; private init; }

    /// <summary>Reads the reply; write.lua says what it may be.</summary>
    /// <exception cref="OutcomeUnknownException">The script broke midway: perhaps a right is missing for a later command.</exception>
    public static WriteResult Of(RedisResult reply)
    {
        if (reply.Resp2Type is ResultType.Integer)
        {
            return new WriteResult { IsCreated = (int)reply == 1 };
        }

        switch ((string)reply[0]!)
        {
            case "value":
                return new WriteResult { IsCreated = (int)reply[1] == 1, Sum = (RedisValue)reply[2] };
            case "replayed":
                var remembered = (string)reply[1]!;
                return new WriteResult
                {
                    IsCreated = remembered[0] == '1',
                    Sum = remembered[1..],
                    IsReplayed = true,
                };
            case "broken":
                throw new OutcomeUnknownException("ScriptBroken");
            case "ended":
                return new WriteResult { Refusals = [new WriteRefusal(0, ApiError.InvalidToken, null)] };
            case "reused":
                return new WriteResult { Refusals = [new WriteRefusal(0, ApiError.IdempotencyKeyReused, null)] };
        }

        var refusals = new List<WriteRefusal>();
        for (var i = 1; i < reply.Length; i += 3)
        {
            refusals.Add(
                new WriteRefusal(
                    (int)reply[i] - 1,
                    ApiError.OfCode((string)reply[i + 1]!),
                    (string?)reply[i + 2] is { Length: > 0 } tag ? EntityTag.FromDigits(tag) : null
                )
            );
        }

        return new WriteResult { Refusals = refusals };
    }
}

/// <summary>Why an operation can't be done.</summary>
/// <param name="Operation">Its number in the batch, from 0.</param>
/// <param name="Error">Why.</param>
/// <param name="Version">Of an entry that is not in the version that was demanded, the one that it is in.</param>
internal readonly record struct WriteRefusal(int Operation, ApiError Error, EntityTag? Version);
