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
    /// <summary>Bytes of a file of the data.</summary>
    public const long DataSegmentBytes = 4 << 20;

    private const long LogSegmentBytes = 8 << 20;

    private readonly GarnetServer server;

    private EmbeddedStore(DataFolder folder)
    {
        Folder = folder;
        var (endPoint, upkeepEndPoint) = FreeEndPoints();
        var password = RandomNumberGenerator.GetHexString(32);
        var listener = new GarnetServerTcp(endPoint);
        server = new GarnetServer(
            Options(folder, [endPoint, upkeepEndPoint], password),
            servers: [listener, new GarnetServerTcp(upkeepEndPoint)]
        );
        Sessions = CommittingSessions.Install(server, listener);
        ConnectionString = $"{endPoint},password={password}";
        UpkeepConnectionString = $"{upkeepEndPoint},password={password}";
    }

    /// <summary>Where the data are.</summary>
    public DataFolder Folder { get; }

    /// <summary>Who speaks to it.</summary>
    public CommittingSessions Sessions { get; }

    /// <summary>How StackExchange.Redis reaches it.</summary>
    public string ConnectionString { get; }

    /// <summary>
    /// How its upkeep reaches it: by a port of its own, whose sessions commit nothing and do not pause.
    /// </summary>
    public string UpkeepConnectionString { get; }

    /// <summary>Recovers the data of <paramref name="directory"/> and listens.</summary>
    /// <exception cref="InvalidSettingException">The folder can't be written, another process uses it, or its files are damaged.</exception>
    public static EmbeddedStore Start(string directory)
    {
        var folder = DataFolder.Open(directory);
        RefuseLongSegments(folder);
        var store = new EmbeddedStore(folder);
        try
        {
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

    public void Dispose()
    {
        Folder.Stop();
        server.Dispose();
        Sessions.Dispose();
        Folder.Dispose();
    }

    /// <summary>An earlier version's log is one file of up to a gigabyte, of which Garnet would now read the beginning.</summary>
    private static void RefuseLongSegments(DataFolder folder)
    {
        var first = new FileInfo(Path.Combine(folder.Path, "AOF", "aof.log.0"));
        if (first.Exists && first.Length > LogSegmentBytes)
        {
            folder.Dispose();
            throw new InvalidSettingException(
                $"The data in {folder.Path} were written by an earlier FastKv, whose log this one can't read; set FastKv__DataDirectory to another folder, or start that version on this one."
            );
        }
    }

    private static GarnetServerOptions Options(DataFolder folder, EndPoint[] endPoints, string password) =>
        new()
        {
            EndPoints = endPoints,
            AuthSettings = new PasswordAuthenticationSettings(password),
            MaxDatabases = 1,
            QuietMode = true,
            EnableLua = true,
            LuaOptions = new LuaOptions(),
            // A script locks its keys, all of which it must declare, until it ends. Without this the scripts of two connections run
            // interleaved, and two registrations can both find a name free.
            LuaTransactionMode = true,
            // A session that commits, or pauses, keeps its thread, and what it waits for needs others.
            ThreadPoolMinThreads = 64,
            // The log is committed by the sessions, before they answer.
            EnableAOF = true,
            CommitFrequencyMs = -1,
            AofMemorySize = "16m",
            AofPageSize = "8m",
            // What is no longer needed goes in whole files.
            AofSegmentSize = $"{LogSegmentBytes}",
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
            LogMemorySize = "128m",
            PageSize = "4m",
            SegmentSize = $"{DataSegmentBytes}",
            ObjectLogSegmentSize = $"{DataSegmentBytes}",
            IndexMemorySize = "8m",
            // Only what is not mutable can be compacted, and a checkpoint has to write only what is.
            MutablePercent = 10,
            // With a checkpoint, and only as much as the upkeep says.
            CompactionType = LogCompactionType.Lookup,
            CompactionMaxSegments = int.MaxValue,
            // Always with the index, so that no recovery needs an older one; and at once.
            FullCheckpointLogInterval = 0,
            CheckpointThrottleFlushDelayMs = -1,
        };

    private static (IPEndPoint, IPEndPoint) FreeEndPoints()
    {
        using var one = new TcpListener(IPAddress.Loopback, 0);
        using var other = new TcpListener(IPAddress.Loopback, 0);
        one.Start();
        other.Start();
        return ((IPEndPoint)one.LocalEndpoint, (IPEndPoint)other.LocalEndpoint);
    }
}
#endif
