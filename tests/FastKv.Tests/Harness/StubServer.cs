using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FastKv.Tests.Harness;

/// <summary>A server that gives every command the same reply, whatever it is; for what no real Redis can be brought to say.</summary>
internal sealed class StubServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly string? reply;

    /// <param name="reply">To each RESP command, or to the first bytes if they are none; null: nothing is ever said.</param>
    public StubServer(string? reply)
    {
        this.reply = reply;
        listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        var stream = client.GetStream();
        var buffer = new byte[64 * 1024];
        try
        {
            while (await stream.ReadAsync(buffer) is > 0 and var count)
            {
                var commands = Encoding.Latin1.GetString(buffer, 0, count).Split('\n').Count(l => l.StartsWith('*'));
                var replies = string.Concat(Enumerable.Repeat(reply, Math.Max(1, commands)));
                await stream.WriteAsync(Encoding.Latin1.GetBytes(replies));
            }
        }
        catch (IOException)
        {
            // The client is gone.
        }
    }
}
