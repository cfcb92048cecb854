using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FastKv.Tests.History;

/// <summary>
/// A client that sends each request exactly once. HttpClient won't do here: it sends a DELETE again by itself when a kept
/// connection breaks before the answer.
/// </summary>
internal static class WireClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <returns>The answer; null if it was lost, so that nobody knows what became of the request.</returns>
    /// <exception cref="NotSentException">There was no connection to send it on.</exception>
    public static async Task<WireReply?> SendAsync(
        int port,
        string method,
        string path,
        string? token,
        string? json,
        params (string Name, string Value)[] headers
    )
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
        }
        catch (SocketException)
        {
            throw new NotSentException();
        }

        var body = Encoding.UTF8.GetBytes(json ?? "");
        var head = new StringBuilder($"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
        head.Append(token is null ? "" : $"Authorization: Bearer {token}\r\n");
        head.Append(json is null ? "" : $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n");
        foreach (var (name, value) in headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        head.Append("\r\n");
        try
        {
            using var bound = new CancellationTokenSource(Patience);
            var stream = socket.GetStream();
            await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head.ToString()), .. body], bound.Token);
            using var answer = new MemoryStream();
            await stream.CopyToAsync(answer, bound.Token);
            return Parse(Encoding.UTF8.GetString(answer.ToArray()));
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            return null;
        }
    }

    // Whole only if the body is as long as the head says.
    private static WireReply? Parse(string answer)
    {
        var end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        var headers = answer[..end]
            .Split("\r\n")
            .Skip(1)
            .Select(line => line.Split(": ", 2))
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);
        var body = answer[(end + 4)..];
        return
            headers.TryGetValue("Content-Length", out var length)
            && Encoding.UTF8.GetByteCount(body) == int.Parse(length, CultureInfo.InvariantCulture)
            ? new WireReply(int.Parse(answer.AsSpan(9, 3), CultureInfo.InvariantCulture), headers, body)
            : null;
    }
}

/// <summary>A whole answer.</summary>
internal sealed record WireReply(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>Whether it is the answer to an earlier request with the same Idempotency-Key.</summary>
    public bool IsReplayed => Headers.ContainsKey("Idempotent-Replayed");
}

internal sealed class NotSentException : Exception;
