namespace FastKv.Api;

/// <summary>
/// The header <c>Idempotency-Key</c>: a name that a client gives to one write, so that it can send it again and have it done once.
/// </summary>
internal sealed record IdempotencyKey(string Text)
{
    /// <summary>Characters.</summary>
    public const int MaximumLength = 255;

    public const string Header = "Idempotency-Key";

    /// <summary>What the header says; null if it is absent, and a malformed one is a problem.</summary>
    public static IdempotencyKey? Of(HttpRequest request, ref RequestProblems problems)
    {
        if (!request.Headers.TryGetValue(Header, out var lines))
        {
            return null;
        }

        var text = lines.ToString();
        if (
            lines.Count != 1
            || text.Length is < 1 or > MaximumLength
            || text.AsSpan().ContainsAnyExceptInRange('!', '~')
        )
        {
            problems.Add(ApiError.InvalidParameter, Header, "must be 1 to 255 visible ASCII characters");
        }

        return new IdempotencyKey(text);
    }
}
