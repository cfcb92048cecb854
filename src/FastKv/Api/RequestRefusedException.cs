namespace FastKv.Api;

/// <summary>
/// A request can't be read: a binder has no other way to end it. Handlers do not throw this; they answer.
/// </summary>
internal sealed class RequestRefusedException(ApiError error, params ErrorDetail[] details) : Exception(error.Code)
{
    public ApiError Error { get; } = error;

    public IReadOnlyList<ErrorDetail> Details { get; } = details;
}
