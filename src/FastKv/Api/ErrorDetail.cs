namespace FastKv.Api;

/// <summary>One problem of a request.</summary>
internal sealed class ErrorDetail(string field, string reason)
{
    /// <summary>The member of the request, as the client spells it.</summary>
    /// <example>age</example>
    public string Field { get; } = field;

    /// <summary>What it must be; of a batch, the code of what stands in the way.</summary>
    /// <example>must be a whole number from 1 to 150</example>
    public string Reason { get; } = reason;
}
