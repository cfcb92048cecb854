namespace FastKv.Tests.History;

internal enum Kind
{
    /// <summary>POST: must be absent.</summary>
    Create,

    /// <summary>PUT: must exist.</summary>
    Update,

    /// <summary>PUT with <c>upsert=true</c>: either.</summary>
    Upsert,

    Delete,

    /// <summary>PATCH: must hold a whole number.</summary>
    Increment,

    /// <summary>PATCH with <c>create</c>: the same, and what is absent counts as 0.</summary>
    Count,

    Read,
}

/// <summary>What is asked of one key.</summary>
/// <param name="Value">What is written, or added.</param>
/// <param name="IfMatch">The value that must be there, or <c>*</c>; null: any.</param>
internal sealed record Step(Kind Kind, string Key, string? Value = null, string? IfMatch = null)
{
    public override string ToString() => $"{Kind} {Key} {Value} {(IfMatch is null ? "" : $"if {IfMatch}")}".TrimEnd();
}

/// <summary>What one request asks: one step, or a batch of them, reads or writes and no key twice.</summary>
internal sealed record Call(bool IsBatch, IReadOnlyList<Step> Steps)
{
    public bool IsRead => Steps[0].Kind == Kind.Read;

    public static Call Of(Step step) => new(false, [step]);

    public static Call BatchOf(params Step[] steps) => new(true, steps);

    public override string ToString() => IsBatch ? $"[{string.Join("; ", Steps)}]" : Steps[0].ToString();
}

/// <summary>One call of a client, and what came of it.</summary>
/// <param name="Answer">
/// As <see cref="Entries.Apply"/> writes it. Null: unknown (504 or a broken connection), so that it takes effect at any time from
/// its start on, or never.
/// </param>
/// <param name="Start">A moment before it was sent.</param>
/// <param name="End">A moment after its answer came; without meaning if that is unknown.</param>
internal sealed record Operation(Call Call, string? Answer, long Start, long End)
{
    public bool IsUnknown => Answer is null;

    /// <summary>The latest moment at which it took effect.</summary>
    public long Deadline => IsUnknown ? long.MaxValue : End;

    public override string ToString() => $"{Start}..{End} {Call}: {Answer ?? "unknown"}";
}
