using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastKv.Tests.Harness;

namespace FastKv.Tests.Server;

/// <summary>Sends bytes that no HTTP client would send, and reads the answer.</summary>
internal static class RawHttp
{
    public static Task<Reply> ExchangeAsync(Uri address, string request) =>
        ExchangeAsync(address, Encoding.Latin1.GetBytes(request));

    /// <summary>Sends all of the request and only then reads the first answer, as simple clients do.</summary>
    public static async Task<Reply> ExchangeAsync(Uri address, params ReadOnlyMemory<byte>[] request)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, bound.Token);
        var stream = client.GetStream();
        foreach (var part in request)
        {
            await stream.WriteAsync(part, bound.Token);
        }

        return await ReadAsync(stream, bound.Token);
    }

    /// <summary>Reads one answer and nothing behind it.</summary>
    public static async Task<Reply> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!EndsWithEmptyLine(head))
        {
            await stream.ReadExactlyAsync(one, cancellation);
            head.Append((char)one[0]);
        }

        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines[1..]
            .Select(line => line.Split(':', 2))
            .ToDictionary(pair => pair[0], pair => pair[1].Trim(), StringComparer.OrdinalIgnoreCase);
        var body = new byte[int.Parse(headers["Content-Length"], CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, cancellation);
        var status = (HttpStatusCode)int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        return new Reply(status, headers, body, HttpVersion.Version11);
    }

    private static bool EndsWithEmptyLine(StringBuilder head) =>
        head.Length >= 4 && head[^1] == '\n' && head[^2] == '\r' && head[^3] == '\n';
}
