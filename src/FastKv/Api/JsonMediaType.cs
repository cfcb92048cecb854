namespace FastKv.Api;

/// <summary>What a request says of its body.</summary>
internal static class JsonMediaType
{
    /// <summary>Whether it is declared as JSON in UTF-8, in any way that RFC 9110, 8.3.1 and 5.6.6 allow, and as utf8 too.</summary>
    public static bool IsJson(string? contentType)
    {
        const string Json = "application/json";
        if (string.Equals(contentType, Json, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var parts = (contentType ?? "").Split(';', StringSplitOptions.TrimEntries);
        return string.Equals(parts[0], Json, StringComparison.OrdinalIgnoreCase) && parts[1..].All(IsNoOtherCharset);
    }

    private static bool IsNoOtherCharset(string parameter)
    {
        var (name, value) = parameter.Split('=', 2, StringSplitOptions.TrimEntries) is [var left, var right]
            ? (left, right.Trim('"'))
            : (parameter, null);
        return !string.Equals(name, "charset", StringComparison.OrdinalIgnoreCase)
            || string.Equals(value, "utf-8", StringComparison.OrdinalIgnoreCase)
            || string.Equals(value, "utf8", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>RFC 9110, 8.4: identity is no coding.</summary>
    public static bool IsEncoded(IHeaderDictionary headers) =>
        headers.ContentEncoding is { Count: > 0 } codings
        && codings.ToString().Trim() is not "" and var coding
        && !string.Equals(coding, "identity", StringComparison.OrdinalIgnoreCase);
}
