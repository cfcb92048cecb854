namespace FastKv.Tests.History;

internal enum Kind
{
    Create,
    Update,
    Delete,
    Read,
}

internal enum Outcome
{
    /// <summary>201 or 200: it took effect, or the read found <see cref="Operation.Value"/>.</summary>
    Done,

    /// <summary>409 or 404: the key was there, or was not.</summary>
    Refused,

    /// <summary>504 or a broken connection: it takes effect at any time from its start on, or never.</summary>
    Unknown,
}

/// <summary>One call of a client, on one key.</summary>
/// <param name="Value">What a create or an update writes, or what a read found.</param>
/// <param name="Start">A moment before it was sent.</param>
/// <param name="End">A moment after its answer came; without meaning if the outcome is unknown.</param>
internal sealed record Operation(Kind Kind, string? Value, Outcome Outcome, long Start, long End)
{
    /// <summary>The latest moment at which it took effect.</summary>
    public long Deadline => Outcome == Outcome.Unknown ? long.MaxValue : End;
}
