using Microsoft.AspNetCore.WebUtilities;

namespace FastKv.Api;

/// <summary>The parameters of a request's query. Those that nobody asks for are ignored.</summary>
internal static class QueryParameters
{
    /// <summary>The value of a parameter, as it came over the wire; null if it is absent. Twice the same is a problem.</summary>
    public static string? Find(HttpRequest request, string name, ref RequestProblems problems)
    {
        if (!request.QueryString.HasValue)
        {
            return null;
        }

        string? value = null;
        foreach (var parameter in new QueryStringEnumerable(request.QueryString.Value))
        {
            if (parameter.DecodeName().Span.SequenceEqual(name))
            {
                if (value is not null)
                {
                    problems.Add(ApiError.InvalidParameter, name, "must not be given twice");
                }

                value = parameter.EncodedValue.ToString();
            }
        }

        return value;
    }

    /// <summary>Whether a parameter is <c>true</c>; absent it is false, and another value is a problem.</summary>
    public static bool IsTrue(HttpRequest request, string name, ref RequestProblems problems)
    {
        var value = Find(request, name, ref problems);
        if (value is not (null or "true" or "false"))
        {
            problems.Add(ApiError.InvalidParameter, name, "must be true or false");
        }

        return value is "true";
    }
}
