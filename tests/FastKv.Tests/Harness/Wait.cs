using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace FastKv.Tests.Harness;

/// <summary>Waits for conditions, never for a fixed time.</summary>
internal static class Wait
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private const int FirstPort = 12_000;
    private const int Ports = 20_000;

    // Each run begins somewhere else, because several may share a machine.
    private static int portsGiven = Random.Shared.Next(Ports);

    /// <summary>Returns as soon as the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not hold in time.</exception>
    public static async Task UntilAsync(string what, Func<Task<bool>> condition, TimeSpan? limit = null)
    {
        var bound = limit ?? TimeSpan.FromSeconds(30);
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > bound)
            {
                throw new TimeoutException($"Waited {bound.TotalSeconds:0.#} s in vain until {what}.");
            }

            await Task.Delay(PollInterval, CancellationToken.None);
        }
    }

    /// <summary>
    /// A port for a server that is yet to start. It is given out once in a run, and lies below those that systems give to whoever
    /// asks for any, so that nobody else takes it meanwhile.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = FirstPort + (int)((uint)Interlocked.Increment(ref portsGiven) % Ports);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody else's.
            }
        }
    }
}
