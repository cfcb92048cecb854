using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FastKv.Tests.Abuse;

/// <summary>A TCP connection on which a test sends whatever bytes it likes and reads HTTP/1.1 answers one by one.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(30);

    private readonly Socket socket;
    private byte[] buffer = new byte[16 * 1024];
    private int start;
    private int end;

    private RawConnection(Socket socket) => this.socket = socket;

    public static async Task<RawConnection> OpenAsync(Uri address, int? receiveBuffer = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is { } size)
        {
            socket.ReceiveBufferSize = size;
        }

        await socket.ConnectAsync(address.Host, address.Port);
        return new RawConnection(socket);
    }

    /// <summary>Sends text, each character as one byte.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }

    /// <summary>Waits until the server asks for the body (100 Continue): the request is under way.</summary>
    public async Task ReadContinueAsync()
    {
        using var bound = new CancellationTokenSource(DefaultLimit);
        int length;
        while ((length = Data.IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (!await FillAsync(bound.Token))
            {
                throw new InvalidDataException("Closed before the body was asked for.");
            }
        }

        var head = Encoding.Latin1.GetString(Data[..length]);
        if (!head.StartsWith("HTTP/1.1 100", StringComparison.Ordinal))
        {
            throw new InvalidDataException($"Not asked for the body: {head}");
        }

        start += length + 4;
    }

    /// <summary>The next answer, or null if the server has closed the connection.</summary>
    /// <param name="withoutBody">Whether this answers a HEAD request.</param>
    public async Task<RawAnswer?> ReadAsync(bool withoutBody = false, TimeSpan? limit = null)
    {
        using var bound = new CancellationTokenSource(limit ?? DefaultLimit);
        while (true)
        {
            int length;
            while ((length = Data.IndexOf("\r\n\r\n"u8)) < 0)
            {
                if (!await FillAsync(bound.Token))
                {
                    return end == start
                        ? null
                        : throw new InvalidDataException($"Half an answer: {Encoding.Latin1.GetString(Data)}");
                }
            }

            var head = Encoding.Latin1.GetString(Data[..length]);
            start += length + 4;
            var answer = new RawAnswer(head, []);
            if (answer.Status < 200)
            {
                continue;
            }

            var bodyLength = withoutBody
                ? 0
                : int.Parse(answer.Header("Content-Length") ?? "0", CultureInfo.InvariantCulture);
            while (end - start < bodyLength)
            {
                if (!await FillAsync(bound.Token))
                {
                    throw new InvalidDataException($"Half a body: {head}");
                }
            }

            answer = answer with { Body = Data[..bodyLength].ToArray() };
            start += bodyLength;
            return answer;
        }
    }

    /// <summary>All answers until the server closes the connection or is silent.</summary>
    public async Task<List<RawAnswer>> ReadAllAsync(TimeSpan silence)
    {
        var answers = new List<RawAnswer>();
        try
        {
            while (await ReadAsync(limit: silence) is { } answer)
            {
                answers.Add(answer);
            }
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException) { }

        return answers;
    }

    /// <summary>Cuts the connection without a farewell, so that no port is left waiting.</summary>
    public void Dispose()
    {
        if (!socket.SafeHandle.IsClosed)
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
        }
    }

    /// <summary>Says that nothing more will be sent (FIN), and still reads.</summary>
    public void Finish() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Closes in order (FIN), as a program does that ends.</summary>
    public void Close() => socket.Dispose();

    private ReadOnlySpan<byte> Data => buffer.AsSpan(start..end);

    private async Task<bool> FillAsync(CancellationToken cancellation)
    {
        if (start > 0)
        {
            buffer.AsSpan(start..end).CopyTo(buffer);
            (start, end) = (0, end - start);
        }

        if (end == buffer.Length)
        {
            Array.Resize(ref buffer, buffer.Length * 2);
        }

        var read = await socket.ReceiveAsync(buffer.AsMemory(end), cancellation);
        end += read;
        return read > 0;
    }
}

/// <summary>One answer as it came over the wire.</summary>
internal sealed record RawAnswer(string Head, byte[] Body)
{
    public int Status => int.Parse(Head.AsSpan(9, 3), CultureInfo.InvariantCulture);

    /// <summary>Whether the server closes the connection after it.</summary>
    public bool IsLast => Header("Connection") == "close";

    public string Text => Encoding.UTF8.GetString(Body);

    public string? Code => JsonNode.Parse(Body)?["code"]?.GetValue<string>();

    public string? Header(string name) =>
        Head.Split("\r\n")
            .Skip(1)
            .Select(line => line.Split(':', 2))
            .FirstOrDefault(header => header[0].Equals(name, StringComparison.OrdinalIgnoreCase))
            ?[1].Trim();

    /// <summary>What is wrong with it as an answer of this API; null if nothing is.</summary>
    public string? Fault(bool withoutBody = false)
    {
        if (Status >= 500)
        {
            return $"status {Status}";
        }

        if (Status == 302)
        {
            // The root leads a browser to the documentation.
            return Body.Length == 0 && Header("Location") == "/docs" ? null : $"headers {Head}";
        }

        if (Status == 304)
        {
            return Body.Length == 0 && Header("ETag") is not null ? null : $"headers {Head}";
        }

        if (Header("Content-Type") != "application/json; charset=utf-8" || Header("Content-Length") is null)
        {
            return $"headers {Head}";
        }

        if (withoutBody)
        {
            return null;
        }

        try
        {
            var status = JsonNode.Parse(Body)!["status"]!.GetValue<string>();
            var isRight =
                Status >= 400 ? status == "error" && Code is { Length: > 0 } : status is "success" or "live" or "ready";
            return isRight ? null : $"envelope {Text}";
        }
        catch (Exception exception)
            when (exception is JsonException or InvalidOperationException or NullReferenceException)
        {
            return $"body {Text}";
        }
    }
}
