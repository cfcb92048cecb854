#if EMBEDDED_STORE
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using FastKv.Configuration;
using Garnet;
using Garnet.server;
using Garnet.server.Auth.Settings;
using Tsavorite.core;

namespace FastKv.Redis;

/// <summary>
/// Microsoft.Garnet inside the process, for a laptop, a demo or a test: it speaks the Redis protocol on the loopback interface,
/// to nobody who does not know the password of this start, and writes its log before it answers, so that what was answered
/// survives a kill.
/// </summary>
internal sealed class EmbeddedStore : IDisposable
{
    private readonly Server server;
    private readonly SerializedSessions sessions;

    private EmbeddedStore(DataFolder folder)
    {
        Folder = folder;
        var endPoint = FreeEndPoint();
        var password = RandomNumberGenerator.GetHexString(32);
        var listener = new GarnetServerTcp(endPoint);
        server = new Server(Options(folder, endPoint, password), listener);
        sessions = SerializedSessions.Install(listener, server.Log);
        ConnectionString = $"{endPoint},password={password}";
    }

    /// <summary>Where the data are.</summary>
    public DataFolder Folder { get; }

    /// <summary>How StackExchange.Redis reaches it.</summary>
    public string ConnectionString { get; }

    /// <summary>Bytes of the log of commands.</summary>
    public long LogBytes => server.Log.Bytes;

    /// <summary>Bytes of data that had no room in memory, outdated ones with them.</summary>
    public long SpilledBytes => server.Data.Memory - server.Data.Disk;

    /// <summary>Recovers the data of <paramref name="directory"/> and listens.</summary>
    /// <exception cref="InvalidSettingException">The folder can't be written, another process uses it, or its files are damaged.</exception>
    public static EmbeddedStore Start(string directory)
    {
        var folder = DataFolder.Open(directory);
        try
        {
            CommandLogFiles.Split(directory);
            DeleteSpilled(directory);
            var store = new EmbeddedStore(folder);
            store.server.Start();
            return store;
        }
        catch (Exception damaged) when (damaged is TsavoriteException or IOException)
        {
            folder.Dispose();
            throw new InvalidSettingException(
                $"The data in {directory} can't be read back ({damaged.GetType().Name}); set FastKv__DataDirectory to another folder, or put a copy of this one in its place."
            );
        }
    }

    /// <summary>Where everything now ends.</summary>
    public StorePlace Place()
    {
        lock (sessions.Turn)
        {
            return new StorePlace(server.Log.End, server.Data.Memory);
        }
    }

    /// <summary>Forgets what was written before a place; every key that lives must have been written again since.</summary>
    public void ForgetBefore(StorePlace place)
    {
        lock (sessions.Turn)
        {
            server.Log.ForgetBefore(place.Log);
            server.ForgetDataBefore(place.Data);
        }
    }

    public void Dispose()
    {
        Folder.Stop();
        server.Dispose();
        Folder.Dispose();
    }

    /// <summary>What had no room in memory the last time: it is made again from the log.</summary>
    private static void DeleteSpilled(string directory)
    {
        var data = new DirectoryInfo(Path.Combine(directory, "Store"));
        foreach (var file in data.Exists ? data.EnumerateFiles("hlog*") : [])
        {
            file.Delete();
        }
    }

    private static GarnetServerOptions Options(DataFolder folder, EndPoint endPoint, string password) =>
        new()
        {
            EndPoints = [endPoint],
            AuthSettings = new PasswordAuthenticationSettings(password),
            MaxDatabases = 1,
            QuietMode = true,
            EnableLua = true,
            LuaOptions = new LuaOptions(),
            // A script locks its keys, all of which it must declare, until it ends.
            LuaTransactionMode = true,
            // A session that commits keeps its thread, and what it waits for needs others.
            ThreadPoolMinThreads = 16,
            // The log is committed by the sessions, before they answer.
            EnableAOF = true,
            CommitFrequencyMs = -1,
            AofMemorySize = "64m",
            AofPageSize = "16m",
            // What is no longer needed goes in whole files.
            AofSegmentSize = $"{CommandLogFiles.Bytes}",
            Recover = true,
            // Rather no start than one that has forgotten.
            FailOnRecoveryError = true,
            CheckpointDir = folder.Path,
            DeviceType = DeviceType.RandomAccess,
            DeviceFactoryCreator = new RetryingDeviceFactory.Creator(
                new LocalStorageNamedDeviceFactoryCreator(deviceType: DeviceType.RandomAccess),
                folder
            ),
            // What does not fit in memory goes to disk instead of being dropped.
            EnableStorageTier = true,
            LogDir = folder.Path,
            LogMemorySize = "256m",
            PageSize = "8m",
            SegmentSize = "16m",
            ObjectLogSegmentSize = "16m",
            IndexMemorySize = "16m",
        };

    private static IPEndPoint FreeEndPoint()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    /// <summary>Garnet, with a way to its two logs: that of commands, and that of the data.</summary>
    private sealed class Server : GarnetServer
    {
        public Server(GarnetServerOptions options, GarnetServerTcp listener)
            : base(options, servers: [listener])
        {
            Log = new CommandLog(storeWrapper.appendOnlyFile.Log.SingleLog);
        }

        public CommandLog Log { get; }

        /// <summary>Where the part of the data's log begins that is only on disk, and where that which is in memory.</summary>
        public (long Disk, long Memory) Data =>
            (storeWrapper.store.Log.BeginAddress, storeWrapper.store.Log.HeadAddress);

        public void ForgetDataBefore(long place) =>
            storeWrapper.store.Log.ShiftBeginAddress(place, snapToPageStart: true, truncateLog: true);
    }
}

/// <summary>A place in the log of commands, and the place in the data's that no longer changes.</summary>
internal readonly record struct StorePlace(long Log, long Data);
#endif
