using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>What a bounded read found: a value, none, or that there is a larger one.</summary>
/// <param name="Value">The value; null if there is none, or if it is large.</param>
/// <param name="IsLarge">There is one of more than <see cref="MaximumLength"/> bytes, to be read by <see cref="RedisCommands.GetLargeAsync"/>.</param>
/// <param name="Ended">Which sessions of its user have ended; null if none has.</param>
internal readonly record struct SmallValue(RedisValue Value, bool IsLarge, RedisValue Ended)
{
    /// <summary>Bytes of a value that travels with others. A larger one has a way to Redis of its own.</summary>
    public const int MaximumLength = 16 * 1024;
}
