using System.Net.Sockets;
using System.Text;

namespace FastKv.Load.Target;

/// <summary>
/// A redis-server of our own on a free port, in memory only and bounded, so that a run can neither meet other data nor
/// fill the machine.
/// </summary>
internal sealed class RedisProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);
    private readonly ChildProcess process;

    private RedisProcess(ChildProcess process, int port)
    {
        this.process = process;
        Port = port;
    }

    public int Port { get; }

    /// <summary>User and system time of the process so far.</summary>
    public TimeSpan CpuTime => process.CpuTime;

    public static bool IsInstalled => ProgramPath.Find("redis-server") is not null;

    public static async Task<RedisProcess> StartAsync(string folder, string? cores, CancellationToken cancellation)
    {
        var port = FreePort.Next();
        string[] arguments =
        [
            .. new[] { "--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder },
            .. new[] { "--save", "", "--appendonly", "no", "--maxmemory", "4gb", "--maxmemory-policy", "noeviction" },
        ];
        var redis = new RedisProcess(ChildProcess.Start("redis-server", arguments, cores), port);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(StartLimit);
        while (!await redis.AnswersAsync(limit.Token))
        {
            await Task.Delay(20, limit.Token);
        }

        return redis;
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        process.ThrowIfEnded();
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port, cancellation);
            await client.GetStream().WriteAsync("PING\r\n"u8.ToArray(), cancellation);
            var answer = new byte[16];
            var read = await client.GetStream().ReadAsync(answer, cancellation);
            return Encoding.ASCII.GetString(answer, 0, read).StartsWith("+PONG", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
