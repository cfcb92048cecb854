namespace FastKv.Api;

/// <summary>
/// What is wrong with a request. All of it is told at once, and the code is that of the problem that is decided first, in the order
/// of <see cref="ApiError.All"/>.
/// </summary>
internal struct RequestProblems
{
    private List<(ApiError Error, ErrorDetail Detail)>? found;

    public void Add(ApiError error, string field, string reason) =>
        (found ??= []).Add((error, new ErrorDetail(field, reason)));

    /// <exception cref="RequestRefusedException">There is a problem.</exception>
    public readonly void ThrowIfAny()
    {
        if (found is not null)
        {
            throw new RequestRefusedException(
                ApiError.FirstOf(found.Select(problem => problem.Error.Code)),
                [.. found.Select(problem => problem.Detail)]
            );
        }
    }
}
