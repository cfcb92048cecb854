using FastKv.Api;
using StackExchange.Redis;

namespace FastKv.Features.Data;

/// <summary>What a write does to the expiry of its entry: the member <c>expires_in</c>.</summary>
internal readonly struct Expiry
{
    /// <summary>Seconds: ten years.</summary>
    public const int MaximumSeconds = 315_360_000;

    private enum Change
    {
        None,
        Never,
        After,
    }

    private readonly Change change;
    private readonly long seconds;

    private Expiry(Change change, long seconds) => (this.change, this.seconds) = (change, seconds);

    /// <summary>Whether the write says anything of it.</summary>
    public bool IsGiven => change is not Change.None;

    /// <summary>What the script takes: milliseconds from now, 0 for never, nothing to leave it as it is.</summary>
    public RedisValue Argument =>
        change switch
        {
            Change.After => seconds * 1000,
            Change.Never => 0,
            _ => RedisValue.EmptyString,
        };

    /// <summary>Absent: as it is. Null: never. A whole number: so many seconds from now. Anything else is a problem.</summary>
    public static Expiry Of(JsonMember member, string field, ref RequestProblems problems)
    {
        if (member.IsAbsent)
        {
            return default;
        }

        if (member.IsNull)
        {
            return new Expiry(Change.Never, 0);
        }

        if (!member.TryGetWholeNumber(out var seconds) || seconds is < 1 or > MaximumSeconds)
        {
            problems.Add(ApiError.InvalidExpiry, field, "must be whole seconds from 1 to 315360000, or null");
        }

        return new Expiry(Change.After, seconds);
    }

    /// <summary>Whole seconds until the end, rounded up; null without one.</summary>
    public static long? SecondsLeft(long milliseconds) => milliseconds < 0 ? null : (milliseconds + 999) / 1000;
}
