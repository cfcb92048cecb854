using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace FastKv.Tests.Faults;

/// <summary>
/// A network between the service and Redis that can be made slow, half-open, or broken in the middle of a reply, and one address
/// that can lead to another server.
/// </summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener listener;
    private readonly ConcurrentDictionary<Link, bool> links = new();
    private readonly Task accepting;
    private DateTime free;
    private int connections;

    /// <param name="target">The port of the server behind it.</param>
    /// <param name="address">Where it listens: a free port of 127.0.0.1 unless another is given.</param>
    public TcpProxy(int target, IPEndPoint? address = null)
    {
        Target = target;
        listener = new TcpListener(address ?? new IPEndPoint(IPAddress.Loopback, 0));
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>The port of the server that new connections reach; those that exist stay where they are.</summary>
    public int Target { get; set; }

    /// <summary>Connections accepted so far.</summary>
    public int Connections => Volatile.Read(ref connections);

    /// <summary>How much later each byte of a reply arrives.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>What all connections together carry of replies; 0 is as much as there is.</summary>
    public int BytesPerSecond { get; set; }

    /// <summary>How much later the first byte of a new connection is taken on: the round trip of TCP's own handshake.</summary>
    public TimeSpan ConnectDelay { get; set; }

    /// <summary>
    /// Every connection that exists now is never heard of again, without a FIN or RST: what a firewall does that forgets a
    /// connection. New connections work.
    /// </summary>
    public void DropHalfOpen()
    {
        foreach (var link in links.Keys)
        {
            link.IsSilent = true;
        }
    }

    /// <summary>The next reply on each connection stops after its first half, and the connection breaks.</summary>
    public void CutNextReplies()
    {
        foreach (var link in links.Keys)
        {
            link.IsToBeCut = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        await accepting;
        foreach (var link in links.Keys)
        {
            link.Dispose();
        }
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

            Interlocked.Increment(ref connections);
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var link = new Link(client);
        try
        {
            await Task.Delay(ConnectDelay);
            await link.Server.ConnectAsync(IPAddress.Loopback, Target);
            links[link] = true;
            await Task.WhenAny(RequestsAsync(link), RepliesAsync(link));
        }
        catch (SocketException)
        {
            // Redis is not there: the service sees its connection closed.
        }
        finally
        {
            links.TryRemove(link, out _);
        }
    }

    private static async Task RequestsAsync(Link link)
    {
        var buffer = new byte[64 * 1024];
        while (await ReadAsync(link.Client, buffer) is > 0 and var count)
        {
            if (!link.IsSilent)
            {
                await link.Server.GetStream().WriteAsync(buffer.AsMemory(0, count));
            }
        }
    }

    private async Task RepliesAsync(Link link)
    {
        var chunks = Channel.CreateUnbounded<(byte[] Bytes, DateTime Due)>();
        var delivering = DeliverAsync(link, chunks.Reader);
        var buffer = new byte[64 * 1024];
        while (await ReadAsync(link.Server, buffer) is > 0 and var count)
        {
            chunks.Writer.TryWrite((buffer[..count], DateTime.UtcNow + Delay));
        }

        // A silent link stays open on the side of the service, whatever happens behind it.
        await (link.IsSilent ? Task.Delay(Timeout.Infinite, link.Closed) : Task.CompletedTask);
        chunks.Writer.Complete();
        await delivering;
    }

    /// <summary>Waits until the narrow link has carried so many bytes more.</summary>
    private async Task PassAsync(int count)
    {
        if (BytesPerSecond is > 0 and var rate)
        {
            TimeSpan wait;
            lock (listener)
            {
                var now = DateTime.UtcNow;
                free = (free > now ? free : now) + TimeSpan.FromSeconds((double)count / rate);
                wait = free - now;
            }

            await Task.Delay(wait, CancellationToken.None);
        }
    }

    private async Task DeliverAsync(Link link, ChannelReader<(byte[] Bytes, DateTime Due)> chunks)
    {
        await foreach (var (bytes, due) in chunks.ReadAllAsync())
        {
            if (due - DateTime.UtcNow is { Ticks: > 0 } wait)
            {
                await Task.Delay(wait, CancellationToken.None);
            }

            if (link.IsToBeCut)
            {
                await link.Client.GetStream().WriteAsync(bytes.AsMemory(0, bytes.Length / 2));
                link.Dispose();
                return;
            }

            if (!link.IsSilent)
            {
                await PassAsync(bytes.Length);
                await link.Client.GetStream().WriteAsync(bytes);
            }
        }
    }

    private static async Task<int> ReadAsync(TcpClient from, byte[] buffer)
    {
        try
        {
            return await from.GetStream().ReadAsync(buffer);
        }
        catch (Exception exception)
            when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            return 0;
        }
    }

    private sealed class Link(TcpClient client) : IDisposable
    {
        private readonly CancellationTokenSource closed = new();

        public TcpClient Client { get; } = client;
        public TcpClient Server { get; } = new();
        public CancellationToken Closed => closed.Token;
        public volatile bool IsSilent;
        public volatile bool IsToBeCut;

        public void Dispose()
        {
            closed.Cancel();
            Client.Dispose();
            Server.Dispose();
        }
    }
}
