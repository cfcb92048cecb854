namespace FastKv.Api.OpenApi;

/// <summary>The errors of one operation, in the order in which they are decided. Costs a request nothing.</summary>
internal sealed record ErrorResponseMetadata(IReadOnlyList<ApiError> Errors);

internal static class ErrorResponseMetadataExtensions
{
    /// <summary>
    /// Says with which errors an operation answers, beside those that follow from the rest: INVALID_TOKEN where a token is
    /// needed, what may be wrong with any body, and what any operation can answer with.
    /// </summary>
    public static RouteHandlerBuilder ProducesErrors(this RouteHandlerBuilder route, params ApiError[] errors) =>
        route.WithMetadata(new ErrorResponseMetadata(errors));
}
