using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using StackExchange.Redis;
using StackExchange.Redis.Availability;

namespace FastKv.Redis;

/// <summary>
/// Gives up a connection on which a command timed out and not a byte came back meanwhile: the peer is frozen, or the network
/// dropped the connection without a word, which TCP itself finds out after many minutes. Every other command then fails at once
/// instead of waiting for its timeout, and the connection is made anew as soon as the server answers. A connection on which bytes
/// arrive, however slowly, is left alone: to cut it would only have all of them sent again.
/// </summary>
internal sealed class SilenceCircuitBreaker(TimeSpan timeout) : CircuitBreaker
{
    // StackExchange.Redis makes the accumulator of a connection and then its socket, on one thread.
    [ThreadStatic]
    private static Silence? ofNextSocket;

    public override Accumulator CreateAccumulator() => ofNextSocket = new Silence(timeout * 0.9);

    /// <summary>Has the accumulator of a connection look at its socket, which is about to connect.</summary>
    public static void Observe(Socket socket)
    {
        ofNextSocket?.Socket = socket;
        ofNextSocket = null;
    }

    private sealed class Silence(TimeSpan limit) : Accumulator
    {
        private long lastAnswer = Stopwatch.GetTimestamp();
        private volatile bool silent;

        public Socket? Socket { get; set; }

        public override void ObserveResult(in FaultContext context)
        {
            if (!context.IsFault)
            {
                Volatile.Write(ref lastAnswer, Stopwatch.GetTimestamp());
            }
            else if (SinceLastByte() >= limit)
            {
                silent = true;
            }
        }

        public override bool IsHealthy() => !silent;

        public override void Reset()
        {
            silent = false;
            Volatile.Write(ref lastAnswer, Stopwatch.GetTimestamp());
        }

        // An error reply is an answer like any other.
        protected override bool IsFailure(in FaultContext fault) => fault.ErrorKind == RedisErrorKind.Timeout;

        private TimeSpan SinceLastByte()
        {
            var sinceAnswer = Stopwatch.GetElapsedTime(Volatile.Read(ref lastAnswer));
            return sinceAnswer >= limit && Socket is { } socket
                ? TcpInfo.SinceLastByte(socket) ?? sinceAnswer
                : sinceAnswer;
        }
    }

    /// <summary>What Linux knows of a TCP connection (tcp(7), TCP_INFO; struct tcp_info in linux/tcp.h).</summary>
    private static class TcpInfo
    {
        private const int Tcp = 6;
        private const int Option = 11;
        private const int LastDataReceived = 52;

        /// <summary>How long ago data came in; null where the system does not tell.</summary>
        public static TimeSpan? SinceLastByte(Socket socket)
        {
            if (!OperatingSystem.IsLinux() || socket.ProtocolType is not ProtocolType.Tcp)
            {
                return null;
            }

            try
            {
                Span<byte> info = stackalloc byte[LastDataReceived + sizeof(uint)];
                return socket.GetRawSocketOption(Tcp, Option, info) == info.Length
                    ? TimeSpan.FromMilliseconds(MemoryMarshal.Read<uint>(info[LastDataReceived..]))
                    : null;
            }
            catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
            {
                return null;
            }
        }
    }
}
