using Microsoft.OpenApi;

namespace FastKv.Api;

/// <summary>
/// What the OpenAPI document says about an operation beyond its route. It stands in the metadata of the endpoint, so that the
/// list of errors is beside the code that answers them.
/// </summary>
/// <param name="Section">The section of the API document; the operations stand in this order.</param>
/// <param name="Id">The name that generated clients give to the operation.</param>
/// <param name="Tag">The group of operations that it belongs to.</param>
/// <param name="Summary">One line.</param>
internal sealed record OpenApiOperationInfo(int Section, string Id, string Tag, string Summary)
{
    /// <summary>A sentence or two more, in Markdown.</summary>
    public required string Description { get; init; }

    /// <summary>The body of the request; null if there is none.</summary>
    public OpenApiObject? Takes { get; init; }

    /// <summary>The key in the path; null if there is none.</summary>
    public OpenApiSchema? Key { get; init; }

    /// <summary>The status of a success.</summary>
    public required int Status { get; init; }

    /// <summary>The body of a success.</summary>
    public required OpenApiObject Answers { get; init; }

    /// <summary>The errors of this operation, in the order in which they are decided.</summary>
    public required IReadOnlyList<ApiError> Refuses { get; init; }

    /// <summary>The errors of this operation and those that any operation can answer with.</summary>
    public IEnumerable<ApiError> Errors =>
        Refuses.Concat(Takes is null ? OfEveryOperation : OfEveryOperation.Concat(OfEveryBody)).Distinct();

    private static readonly ApiError[] OfEveryOperation =
    [
        ApiError.InvalidRequest,
        ApiError.MethodNotAllowed,
        ApiError.TooManyRequests,
        ApiError.InternalError,
        ApiError.StoreUnavailable,
    ];

    private static readonly ApiError[] OfEveryBody = [ApiError.PayloadTooLarge, ApiError.UnsupportedMediaType];
}

internal static class OpenApiOperationInfoExtensions
{
    /// <summary>Says what the OpenAPI document tells about this operation. Costs a request nothing.</summary>
    public static void Documents(this IEndpointConventionBuilder route, OpenApiOperationInfo operation) =>
        route.Add(endpoint => endpoint.Metadata.Add(operation));
}
