using System.Net;
using System.Net.Sockets;

namespace FastKv.Load.Bench;

/// <summary>What became of a request, in a few characters: its status, or why it broke off.</summary>
internal static class RequestResult
{
    public const string Ok = "200";

    public const string Unavailable = "503";

    /// <summary>The other side closed the connection and answered nothing.</summary>
    public const string Closed = "broken: Closed";

    public static string Of(HttpStatusCode status) => $"{(int)status}";

    /// <summary>Why a request broke off: by its cause that says most.</summary>
    public static string Of(Exception broken)
    {
        var name =
            NameOf<TimeoutException>(broken, _ => "Timeout")
            ?? NameOf<HttpProtocolException>(broken, cause => $"http2 0x{cause.ErrorCode:x}")
            ?? NameOf<SocketException>(broken, cause => $"{cause.SocketErrorCode}")
            ?? NameOf<HttpIOException>(broken, cause => $"{cause.HttpRequestError}")
            ?? NameOf<HttpRequestException>(broken, cause => $"{cause.HttpRequestError}")
            ?? broken.GetType().Name;
        return $"broken: {name}";
    }

    /// <summary>How often each was the result, as it stands in a table.</summary>
    public static string Describe(IReadOnlyDictionary<string, long> results) =>
        string.Join(
            ", ",
            results
                .OrderBy(result => result.Key, StringComparer.Ordinal)
                .Select(result => $"{result.Value} × {result.Key}")
        );

    private static string? NameOf<T>(Exception broken, Func<T, string> name)
        where T : Exception
    {
        var cause = broken;
        while (cause is not (null or T))
        {
            cause = cause.InnerException;
        }

        return cause is T found ? name(found) : null;
    }
}
