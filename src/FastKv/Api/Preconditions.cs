namespace FastKv.Api;

/// <summary>What a request demands of the version of an entry: <c>If-Match</c> and <c>If-None-Match</c> (RFC 9110, 13).</summary>
internal readonly record struct Preconditions(EntityTagList? IfMatch, EntityTagList? IfNoneMatch)
{
    /// <summary>What the headers say; a malformed one is a problem.</summary>
    public static Preconditions Of(HttpRequest request, ref RequestProblems problems)
    {
        var headers = request.Headers;
        if (!EntityTagList.TryParse(headers.IfMatch, isWeakComparison: false, out var match))
        {
            problems.Add(ApiError.InvalidParameter, "If-Match", Form);
        }

        if (!EntityTagList.TryParse(headers.IfNoneMatch, isWeakComparison: true, out var noneMatch))
        {
            problems.Add(ApiError.InvalidParameter, "If-None-Match", Form);
        }

        return new Preconditions(match, noneMatch);
    }

    /// <summary>The status with which a read of this version is answered (RFC 9110, 13.2.2): 200, 304 or 412.</summary>
    public int StatusOfRead(EntityTag version) =>
        IfMatch?.Matches(version) is false ? StatusCodes.Status412PreconditionFailed
        : IfNoneMatch?.Matches(version) is true ? StatusCodes.Status304NotModified
        : StatusCodes.Status200OK;

    private const string Form = "must be * or a list of entity tags in quotes";
}
