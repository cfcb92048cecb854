using System.ComponentModel.DataAnnotations;

namespace FastKv.Api.OpenApi;

/// <summary>The body of a success that has nothing to show.</summary>
internal sealed class SuccessResponse(string message)
{
    /// <example>success</example>
    [AllowedValues("success")]
    public string Status { get; } = "success";

    /// <summary>What happened, for a person.</summary>
    /// <example>Data stored successfully.</example>
    public string Message { get; } = message;
}
