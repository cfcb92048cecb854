using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace FastKv.Api.OpenApi;

/// <summary>The body of every answer that is not a success; the document has one of it for each set of codes.</summary>
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
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TraceId { get; init; }

    /// <summary>All problems of the request at once, where there is more to say than the message does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ErrorDetail>? Details { get; init; }
}
