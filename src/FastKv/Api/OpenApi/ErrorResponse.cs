using System.ComponentModel.DataAnnotations;

namespace FastKv.Api.OpenApi;

/// <summary>The body of every answer that is not a success.</summary>
internal sealed class ErrorResponse
{
    /// <example>error</example>
    [AllowedValues("error")]
    public required string Status { get; init; }

    /// <summary>What went wrong, for a program.</summary>
    /// <example>INVALID_REQUEST</example>
    public required string Code { get; init; }

    /// <summary>What went wrong, for a person: one sentence per code.</summary>
    /// <example>Invalid request. Please provide all required fields.</example>
    public required string Message { get; init; }

    /// <summary>With a 5xx: the id under which the log and the trace of the service know this request.</summary>
    /// <example>0af7651916cd43dd8448eb211c80319c</example>
    [RegularExpression("^[0-9a-f]{32}$")]
    public string? TraceId { get; init; }

    /// <summary>With some 400s: all problems of the request at once.</summary>
    public IReadOnlyList<ErrorDetail>? Details { get; init; }
}
