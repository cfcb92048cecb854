#if EMBEDDED_STORE
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using FastKv.Configuration;
using Garnet;

namespace FastKv.Redis;

/// <summary>
/// Microsoft.Garnet inside the process, for a laptop, a demo or a test: it speaks the Redis protocol on the loopback interface,
/// to nobody who does not know the password of this start, and writes its log before it answers, so that what was answered
/// survives a kill.
/// </summary>
internal sealed class EmbeddedStore : IDisposable
{
    private readonly GarnetServer server;
    private readonly FileStream directoryLock;

    private EmbeddedStore(GarnetServer server, FileStream directoryLock, string connectionString)
    {
        this.server = server;
        this.directoryLock = directoryLock;
        ConnectionString = connectionString;
    }

    /// <summary>How StackExchange.Redis reaches it.</summary>
    public string ConnectionString { get; }

    /// <summary>Recovers the data of <paramref name="directory"/> and listens.</summary>
    /// <exception cref="InvalidSettingException">The folder can't be written, or another process uses it.</exception>
    public static EmbeddedStore Start(string directory)
    {
        var directoryLock = Lock(directory);
        var port = FreePort();
        var password = RandomNumberGenerator.GetHexString(32);
        var server = new GarnetServer([
            "--bind",
            "127.0.0.1",
            "--port",
            $"{port}",
            "--auth",
            "Password",
            "--password",
            password,
            "--lua",
            // A script locks its keys, all of which it must declare, until it ends. Without this the scripts of two connections
            // run interleaved, and two registrations can both find a name free.
            "--lua-transaction-mode",
            "--aof",
            "--aof-commit-freq",
            "0",
            "--aof-commit-wait",
            "--recover",
            "--checkpointdir",
            directory,
            "--device-type",
            "RandomAccess",
            // What does not fit in memory goes to disk instead of being dropped.
            "--storage-tier",
            "--logdir",
            directory,
            "--memory",
            "256m",
            "--page",
            "8m",
            "--aof-memory",
            "64m",
            "--aof-page-size",
            "16m",
            "--index",
            "16m",
            "-q",
        ]);
        server.Start();
        return new EmbeddedStore(server, directoryLock, $"127.0.0.1:{port},password={password}");
    }

    public void Dispose()
    {
        server.Dispose();
        directoryLock.Dispose();
    }

    private static FileStream Lock(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
            return new FileStream(
                Path.Combine(directory, "lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None
            );
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidSettingException(
                $"The data folder {directory} can't be used (it can't be written, or another FastKv uses it); set FastKv__DataDirectory to a folder of its own, or ConnectionStrings__Redis to a Redis."
            );
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
#endif
