#if EMBEDDED_STORE
using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Keeps the embedded store's folder small, and watches whether it can be written. Garnet's log of commands only grows, until a
/// checkpoint of the data takes its place. The data are a log themselves, in which a change can be a new record. Once it is twice
/// as long as after the last time, each checkpoint also copies what lives of its oldest part to its end and drops that part, until
/// all that was there has been visited: so what lives is copied a bounded number of times, and no pause is long.
/// </summary>
internal sealed partial class EmbeddedStoreUpkeep(EmbeddedStore store, ILogger<EmbeddedStoreUpkeep> logger)
    : BackgroundService
{
    /// <summary>Bytes of commands before a checkpoint takes their place. A start carries them out again, some 70 MB a second.</summary>
    public long MaximumCommandBytes { get; init; } = 32 << 20;

    /// <summary>Bytes of the data's log that are not worth compacting.</summary>
    public long MinimumDataBytes { get; init; } = 32 << 20;

    /// <summary>Files of the data that are compacted with one checkpoint.</summary>
    private const int CompactedSegments = 8;

    /// <summary>
    /// Bytes that a checkpoint takes, at most: the index, the part of the data that can still change, and what is compacted.
    /// </summary>
    private const long CheckpointBytes = 64 << 20;

    /// <summary>How long a checkpoint may keep all others from the store. It takes a tenth of a second, as a rule.</summary>
    private static readonly TimeSpan MaximumPause = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan WarningInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CompactInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    private readonly DataFolder folder = store.Folder;
    private long compactUntil;
    private long compactedBytes;
    private bool saidNoRoom;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(WatchAsync(stoppingToken), CompactAsync(stoppingToken));

    private async Task WatchAsync(CancellationToken stoppingToken)
    {
        var saidClosed = false;
        var sinceWarning = new Stopwatch();
        while (!stoppingToken.IsCancellationRequested)
        {
            folder.TryReopen();
            if (folder.Gate.IsClosed == saidClosed)
            {
                // Nothing new.
            }
            else if (saidClosed)
            {
                LogOpen(folder.Path);
                saidClosed = false;
            }
            else if (!sinceWarning.IsRunning || sinceWarning.Elapsed > WarningInterval)
            {
                LogClosed(folder.Path, folder.LastFailure, MiB(folder.FreeBytes), MiB(2 * DataFolder.ReserveBytes));
                saidClosed = true;
                sinceWarning.Restart();
            }

            await Task.Delay(WatchInterval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task CompactAsync(CancellationToken stoppingToken)
    {
        var configuration = ConfigurationOptions.Parse(store.UpkeepConnectionString);
        configuration.AllowAdmin = true;
        configuration.AbortOnConnectFail = false;
        configuration.AsyncTimeout = configuration.SyncTimeout = (int)MaximumPause.TotalMilliseconds;
        await using var connection = await ConnectionMultiplexer.ConnectAsync(configuration);
        var server = connection.GetServers()[0];
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = RetryInterval;
            try
            {
                pause = await CompactAsync(server);
            }
            catch (Exception fault) when (fault is RedisException or TimeoutException)
            {
                // It is tried again.
            }

            await Task.Delay(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Does what is due.</summary>
    /// <returns>When to look again.</returns>
    private async Task<TimeSpan> CompactAsync(IServer server)
    {
        var data = await DataAsync(server);
        var commandBytes = await CommandBytesAsync(server);
        if (data.Settled - data.Begin > MinimumDataBytes + 2 * compactedBytes)
        {
            compactUntil = data.Settled;
        }

        var isCompacting = data.Begin < compactUntil;
        if ((commandBytes <= MaximumCommandBytes && !isCompacting) || folder.Gate.IsClosed)
        {
            return CompactInterval;
        }

        if (folder.FreeBytes < CheckpointBytes + DataFolder.ReserveBytes)
        {
            if (!saidNoRoom)
            {
                LogNoRoom(folder.Path, MiB(CheckpointBytes + DataFolder.ReserveBytes), MiB(folder.FreeBytes));
            }

            saidNoRoom = true;
            return RetryInterval;
        }

        saidNoRoom = false;
        var segments = (data.Settled - data.Begin) / EmbeddedStore.DataSegmentBytes - CompactedSegments + 1;
        await server.ExecuteAsync(
            "CONFIG",
            "SET",
            "compaction-max-segments",
            isCompacting ? $"{Math.Max(segments, 1)}" : $"{int.MaxValue}"
        );
        await Task.Run(() => store.Sessions.TryCheckpoint(() => server.Execute("SAVE")));
        data = await DataAsync(server);
        if (isCompacting && data.Begin >= compactUntil)
        {
            compactedBytes = data.End - data.Begin;
        }

        if (await CommandBytesAsync(server) >= commandBytes)
        {
            return RetryInterval;
        }

        // At once while there is more: who writes faster than this has to wait for it.
        return isCompacting ? WatchInterval : CompactInterval;
    }

    private static async Task<long> CommandBytesAsync(IServer server)
    {
        var info = await server.InfoRawAsync("persistence");
        return Number(info, "TailAddress") - Number(info, "BeginAddress");
    }

    /// <summary>Where the data's log begins, up to where it no longer changes, and where it ends.</summary>
    private static async Task<(long Begin, long Settled, long End)> DataAsync(IServer server)
    {
        var info = await server.InfoRawAsync("store");
        return (
            Number(info, "Log.BeginAddress"),
            Number(info, "Log.SafeReadOnlyAddress"),
            Number(info, "Log.TailAddress")
        );
    }

    private static long Number(string? info, string name)
    {
        var line = $"\n{name}:";
        var start = info?.IndexOf(line, StringComparison.Ordinal) ?? -1;
        if (start < 0)
        {
            throw new RedisException($"INFO says nothing of {name}.");
        }

        var digits = info.AsSpan(start + line.Length);
        return long.Parse(digits[..digits.IndexOfAnyExceptInRange('0', '9')], CultureInfo.InvariantCulture);
    }

    private static long MiB(long bytes) => bytes >> 20;

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The data folder {Directory} can't be written ({Cause}, {FreeMiB} MiB free): writes are refused with 503, reads go on. Make room; it is written again, without a restart, once {NeededMiB} MiB are free."
    )]
    private partial void LogClosed(string directory, string cause, long freeMiB, long neededMiB);

    [LoggerMessage(Level = LogLevel.Information, Message = "The data folder {Directory} is written again.")]
    private partial void LogOpen(string directory);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The data folder {Directory} grows: to compact it takes {NeededMiB} MiB, and {FreeMiB} MiB are free. Make room."
    )]
    private partial void LogNoRoom(string directory, long neededMiB, long freeMiB);
}
#endif
