using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FastKv.Tests.Faults;

/// <summary>
/// Stands in front of a Redis and answers commands of a test's choice with an error. It takes one command of a connection at a
/// time and reads the whole reply (RESP 3, https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md) before
/// the next, so an answer never meets another command.
/// </summary>
internal sealed class RefusingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly int target;
    private readonly Task accepting;

    public RefusingProxy(int target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>The error for a command, of which this gets the words; null: the answer of Redis.</summary>
    public Func<string[], string?> Refuse { get; set; } = _ => null;

    /// <summary>Connections accepted so far.</summary>
    public int Connections { get; private set; }

    /// <summary>The number of the last connection that is refused anything; all later ones have the answers of Redis.</summary>
    public int LastRefused { get; set; } = int.MaxValue;

    /// <summary>Whether Redis carries a command out before it is answered with an error.</summary>
    public bool IsCarriedOut { get; set; }

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        await accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await listener.AcceptTcpClientAsync();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            var number = ++Connections;
            _ = Task.Factory.StartNew(() => Serve(client, number), TaskCreationOptions.LongRunning);
        }
    }

    private void Serve(TcpClient client, int number)
    {
        using var server = new TcpClient();
        using var service = client;
        try
        {
            server.Connect(IPAddress.Loopback, target);
            client.NoDelay = server.NoDelay = true;
            var requests = new BufferedStream(client.GetStream());
            var replies = new BufferedStream(server.GetStream());
            while (true)
            {
                var (words, bytes) = ReadCommand(requests);
                var error = number <= LastRefused ? Refuse(words) : null;
                var answer = Array.Empty<byte>();
                if (error is null || IsCarriedOut)
                {
                    server.GetStream().Write(bytes);
                    answer = ReadReply(replies, words[0]);
                }

                client.GetStream().Write(error is null ? answer : Encoding.UTF8.GetBytes($"-{error}\r\n"));
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            // One side has closed its connection.
        }
    }

    private static (string[] Words, byte[] Bytes) ReadCommand(Stream stream)
    {
        var bytes = new MemoryStream();
        var words = new string[int.Parse(ReadLine(stream, bytes)[1..], null)];
        for (var i = 0; i < words.Length; i++)
        {
            var length = int.Parse(ReadLine(stream, bytes)[1..], null);
            var word = ReadBytes(stream, bytes, length + 2);
            words[i] = Encoding.UTF8.GetString(word, 0, length);
        }

        return (words, bytes.ToArray());
    }

    private static byte[] ReadReply(Stream stream, string command)
    {
        var bytes = new MemoryStream();
        var isPush = true;
        while (isPush)
        {
            isPush =
                CopyFrame(stream, bytes) == '>' && !command.EndsWith("SUBSCRIBE", StringComparison.OrdinalIgnoreCase);
        }

        return bytes.ToArray();
    }

    private static char CopyFrame(Stream stream, MemoryStream bytes)
    {
        var line = ReadLine(stream, bytes);
        switch (line[0])
        {
            case '$' or '!' or '=' when int.Parse(line[1..], null) is >= 0 and var length:
                ReadBytes(stream, bytes, length + 2);
                break;
            case '*' or '~' or '>' or '%' when int.Parse(line[1..], null) is > 0 and var count:
                for (var i = 0; i < (line[0] == '%' ? 2 * count : count); i++)
                {
                    CopyFrame(stream, bytes);
                }

                break;
        }

        return line[0];
    }

    private static string ReadLine(Stream stream, MemoryStream bytes)
    {
        var line = new StringBuilder();
        while (!line.ToString().EndsWith("\r\n", StringComparison.Ordinal))
        {
            line.Append((char)ReadBytes(stream, bytes, 1)[0]);
        }

        return line.ToString(0, line.Length - 2);
    }

    private static byte[] ReadBytes(Stream stream, MemoryStream bytes, int count)
    {
        var read = new byte[count];
        stream.ReadExactly(read);
        bytes.Write(read);
        return read;
    }
}
