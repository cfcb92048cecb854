using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Server;

/// <summary>An HTTP/2 connection on which a test sends frames of its own making (RFC 9113), and reads what each stream gets.</summary>
internal sealed class RawHttp2 : IDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;

    public const byte EndStream = 1;
    public const byte EndHeaders = 4;

    /// <summary>What a server takes in one frame unless it says otherwise.</summary>
    private const int MaximumPayload = 16 * 1024;
    private const int LargestWindow = int.MaxValue;

    // HEADER_TABLE_SIZE 0: the answers then come without a dynamic table.
    private static readonly byte[] NoDynamicTable = [0, 1, 0, 0, 0, 0];

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Socket socket;
    private readonly Task reading;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<Http2Answer>> answers = new();
    private readonly TaskCompletionSource<int?> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource answering = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int nextStream = 1;

    private RawHttp2(Socket socket)
    {
        this.socket = socket;
        reading = ReadAsync();
    }

    /// <summary>
    /// Ends with the connection: the code of the GOAWAY frame that came before (RFC 9113, 7), or null if there was none.
    /// </summary>
    public Task<int?> Ended => ended.Task.WaitAsync(Limit);

    public bool HasEnded => ended.Task.IsCompleted;

    public static async Task<RawHttp2> OpenAsync(Uri address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address.Host, address.Port);
        var connection = new RawHttp2(socket);
        byte[] preface = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, NoDynamicTable)];
        await connection.SendAsync(preface);
        return connection;
    }

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    /// <summary>A header block of literals that are not indexed (RFC 7541, 6.2.2); each character is a byte.</summary>
    public static byte[] Block(params IEnumerable<(string Name, string Value)> fields)
    {
        using var block = new MemoryStream();
        foreach (var (name, value) in fields)
        {
            block.WriteByte(0);
            block.Write(Text(name));
            block.Write(Text(value));
        }

        return block.ToArray();
    }

    /// <summary>The pseudo-header fields of a request, and its token.</summary>
    public static List<(string Name, string Value)> Request(string method, string path, string? token = null)
    {
        List<(string, string)> fields =
        [
            (":method", method),
            (":scheme", "http"),
            (":path", path),
            (":authority", "localhost"),
        ];
        if (token is not null)
        {
            fields.Add(("authorization", $"Bearer {token}"));
        }

        return fields;
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }

    /// <summary>Sends the headers of a request and returns its stream.</summary>
    public async Task<int> SendHeadersAsync(IEnumerable<(string Name, string Value)> fields, bool endStream = true)
    {
        var stream = NextStream();
        await SendHeadersAsync(stream, Block(fields), endStream);
        return stream;
    }

    /// <summary>Sends a header block, in as many frames as it needs.</summary>
    public async Task SendHeadersAsync(int stream, byte[] block, bool endStream)
    {
        using var frames = new MemoryStream();
        var type = Headers;
        var flags = endStream ? EndStream : (byte)0;
        do
        {
            var length = Math.Min(block.Length, MaximumPayload);
            var last = length == block.Length ? EndHeaders : (byte)0;
            frames.Write(Frame(type, (byte)(flags | last), stream, block.AsSpan(0, length)));
            block = block[length..];
            (type, flags) = (Continuation, 0);
        } while (block.Length > 0);

        await SendAsync(frames.ToArray());
    }

    /// <summary>Sends a body that fits into the windows that a server grants at first.</summary>
    public async Task SendDataAsync(int stream, string body, bool endStream = true)
    {
        var bytes = Encoding.Latin1.GetBytes(body);
        do
        {
            var length = Math.Min(bytes.Length, MaximumPayload);
            var flags = endStream && length == bytes.Length ? EndStream : (byte)0;
            await SendAsync(Frame(Data, flags, stream, bytes.AsSpan(0, length)));
            bytes = bytes[length..];
        } while (bytes.Length > 0);
    }

    /// <summary>Sends a whole request and waits for its answer.</summary>
    public async Task<Http2Answer> ExchangeAsync(List<(string Name, string Value)> fields, string? body = null)
    {
        var stream = await SendHeadersAsync(fields, endStream: body is null);
        if (body is not null)
        {
            await SendDataAsync(stream, body);
        }

        return await AnswerAsync(stream);
    }

    public int NextStream()
    {
        var stream = nextStream;
        nextStream += 2;
        return stream;
    }

    /// <summary>What a stream got, once it has ended, was reset, or the connection has ended.</summary>
    public async Task<Http2Answer> AnswerAsync(int stream)
    {
        var answer = Of(stream).Task;
        return await Task.WhenAny(answer, ended.Task).WaitAsync(Limit) == answer || answer.IsCompleted
            ? await answer
            : new Http2Answer(null, new Dictionary<string, string>(), [], null);
    }

    /// <summary>Until the first bytes of any answer have come, or the connection has ended.</summary>
    public Task FirstByteAsync() => Task.WhenAny(answering.Task, ended.Task).WaitAsync(Limit);

    /// <summary>Closes in order (FIN), as a program does that ends.</summary>
    public void Close() => socket.Dispose();

    /// <summary>Cuts the connection without a farewell, so that no port is left waiting.</summary>
    public void Dispose()
    {
        if (!socket.SafeHandle.IsClosed)
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
        }
    }

    /// <summary>Says that nothing more will be sent (FIN).</summary>
    public void Finish() => socket.Shutdown(SocketShutdown.Send);

    private TaskCompletionSource<Http2Answer> Of(int stream) =>
        answers.GetOrAdd(stream, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private async Task ReadAsync()
    {
        int? farewell = null;
        var streams = new Dictionary<int, (Dictionary<string, string> Fields, MemoryStream Body)>();
        try
        {
            await using var input = new NetworkStream(socket);
            var head = new byte[9];
            while (true)
            {
                await input.ReadExactlyAsync(head);
                var payload = new byte[(head[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(1))];
                await input.ReadExactlyAsync(payload);
                var stream = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5));
                if (!streams.TryGetValue(stream, out var answer))
                {
                    streams[stream] = answer = (
                        new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase),
                        new MemoryStream()
                    );
                }

                switch (head[3])
                {
                    case Headers:
                        answering.TrySetResult();
                        ReadFields(payload, answer.Fields);
                        break;
                    case Data:
                        answer.Body.Write(payload);
                        break;
                    case Reset:
                        End(stream, answer, BinaryPrimitives.ReadInt32BigEndian(payload));
                        continue;
                    case Settings when head[4] == 0:
                        await WelcomeAsync();
                        continue;
                    case GoAway:
                        farewell = BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(4));
                        continue;
                    default:
                        continue;
                }

                if ((head[4] & EndStream) != 0)
                {
                    End(stream, answer, null);
                }
            }
        }
        catch (Exception over) when (over is IOException or SocketException or ObjectDisposedException)
        {
            ended.TrySetResult(farewell);
        }
    }

    private async Task WelcomeAsync()
    {
        try
        {
            await SendAsync(Frame(Settings, 1, 0, []));
            await SendAsync(Frame(WindowUpdate, 0, 0, BigEndian(LargestWindow - 65_535)));
        }
        catch (SocketException)
        {
            // The server has closed the connection already; what it said is still to be read.
        }
    }

    private void End(int stream, (Dictionary<string, string> Fields, MemoryStream Body) answer, int? reset)
    {
        int? status = answer.Fields.TryGetValue(":status", out var text)
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : null;
        Of(stream).TrySetResult(new Http2Answer(status, answer.Fields, answer.Body.ToArray(), reset));
    }

    private static byte[] BigEndian(int number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }

    private static byte[] Text(string text) => [.. Number(0, 7, text.Length), .. Encoding.Latin1.GetBytes(text)];

    /// <summary>RFC 7541, 5.1.</summary>
    public static byte[] Number(byte flags, int prefixBits, int value)
    {
        var maximum = (1 << prefixBits) - 1;
        if (value < maximum)
        {
            return [(byte)(flags | value)];
        }

        List<byte> bytes = [(byte)(flags | maximum)];
        for (value -= maximum; value >= 128; value >>= 7)
        {
            bytes.Add((byte)((value & 127) | 128));
        }

        return [.. bytes, (byte)value];
    }

    // RFC 7541, 6, without the dynamic table and without Huffman codes, which the server does not use.
    private static void ReadFields(ReadOnlySpan<byte> block, Dictionary<string, string> fields)
    {
        while (!block.IsEmpty)
        {
            var first = block[0];
            if ((first & 0x80) != 0)
            {
                var (name, value) = StaticTable[ReadNumber(ref block, 7)];
                fields[name] = value;
            }
            else if ((first & 0xE0) == 0x20)
            {
                ReadNumber(ref block, 5);
            }
            else
            {
                var index = ReadNumber(ref block, (first & 0x40) != 0 ? 6 : 4);
                var name = index == 0 ? ReadText(ref block) : StaticTable[index].Name;
                fields[name] = ReadText(ref block);
            }
        }
    }

    private static int ReadNumber(ref ReadOnlySpan<byte> block, int prefixBits)
    {
        var maximum = (1 << prefixBits) - 1;
        var number = block[0] & maximum;
        block = block[1..];
        if (number < maximum)
        {
            return number;
        }

        for (var shift = 0; ; shift += 7)
        {
            var next = block[0];
            block = block[1..];
            number += (next & 127) << shift;
            if (next < 128)
            {
                return number;
            }
        }
    }

    private static string ReadText(ref ReadOnlySpan<byte> block)
    {
        Assert.True((block[0] & 0x80) == 0, "The server uses Huffman codes.");
        var length = ReadNumber(ref block, 7);
        var text = Encoding.Latin1.GetString(block[..length]);
        block = block[length..];
        return text;
    }

    /// <summary>RFC 7541, appendix A, as far as answers use it.</summary>
    private static readonly Dictionary<int, (string Name, string Value)> StaticTable = new()
    {
        [8] = (":status", "200"),
        [9] = (":status", "204"),
        [10] = (":status", "206"),
        [11] = (":status", "304"),
        [12] = (":status", "400"),
        [13] = (":status", "404"),
        [14] = (":status", "500"),
        [20] = ("access-control-allow-origin", ""),
        [22] = ("allow", ""),
        [24] = ("cache-control", ""),
        [28] = ("content-length", ""),
        [31] = ("content-type", ""),
        [33] = ("date", ""),
        [34] = ("etag", ""),
        [46] = ("location", ""),
        [53] = ("retry-after", ""),
        [54] = ("server", ""),
        [59] = ("vary", ""),
        [61] = ("www-authenticate", ""),
    };
}

/// <summary>What a stream got.</summary>
/// <param name="Status">Null if no answer came: the stream was reset, or the connection has ended.</param>
/// <param name="Fields">The headers, in lower case.</param>
/// <param name="Body">As far as it came.</param>
/// <param name="ResetCode">The code of RST_STREAM (RFC 9113, 7), if the stream was reset instead of answered.</param>
internal sealed record Http2Answer(int? Status, IReadOnlyDictionary<string, string> Fields, byte[] Body, int? ResetCode)
{
    /// <summary>The answer as the other helpers see one.</summary>
    public Reply Reply =>
        Status is { } status
            ? new Reply((HttpStatusCode)status, Fields, Body, HttpVersion.Version20)
            : throw new InvalidOperationException($"No answer, but {ToString()}.");

    public override string ToString() =>
        Status is null
            ? ResetCode is { } code
                ? $"RST_STREAM with code {code}"
                : "the end of the connection"
            : $"{Status} {Encoding.UTF8.GetString(Body)}";
}
