#if EMBEDDED_STORE
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Keeps the embedded store's folder small, while it is used. Garnet's log of commands only grows, and so do the data that have no
/// room in memory: both keep what was overwritten long ago. Once they are much longer than what lives, every key is written again
/// as it is, by scripts for some keys each, and then all that was written before the first of these is forgotten: nothing that
/// lives is only there. Until then the log has everything twice, so a kill at any moment loses nothing.
/// </summary>
internal sealed partial class EmbeddedStoreCompaction(EmbeddedStore store, ILogger<EmbeddedStoreCompaction> logger)
    : BackgroundService
{
    /// <summary>
    /// Bytes of log that are not worth compacting, beside twice the bytes that lived at the last compaction. A start reads 70 MB a
    /// second, on a slow day.
    /// </summary>
    public long MinimumBytes { get; init; } = 32 << 20;

    /// <summary>Keys of one script, during which others wait.</summary>
    private const int MaximumKeysTogether = 1000;

    /// <summary>Bytes after which such a script leaves the rest of its keys to the next: both limits come to some 10 ms.</summary>
    private const int MaximumBytesTogether = 1 << 20;

    /// <summary>Bytes that a key takes in the log beside itself and its value, about.</summary>
    private const int RecordBytes = 64;

    /// <summary>Others' commands wait in between, so one that takes long is no reason to give up.</summary>
    private const int TimeoutMilliseconds = 60_000;

    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    // Answers how many of its keys are written again, the first ones, and how many bytes they have; no key for a kind that this
    // service has none of, and that would be lost: then nothing is forgotten.
    private static readonly string RewriteScript = $$"""
        local bytes = 0
        for i, key in ipairs(KEYS) do
          local kind = redis.call('TYPE', key)
          kind = kind.ok or kind
          local expiry = redis.call('PEXPIRETIME', key)
          local write, items
          bytes = bytes + #key + {{RecordBytes}}
          if kind == 'string' then
            local value = redis.call('GET', key)
            if value then
              redis.call('SET', key, value)
              bytes = bytes + #value
            end
          elseif kind == 'hash' then
            write, items = 'HSET', redis.call('HGETALL', key)
          elseif kind == 'zset' then
            write, items = 'ZADD', redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
            for j = 1, #items, 2 do items[j], items[j + 1] = items[j + 1], items[j] end
          elseif kind ~= 'none' then
            return {0, 0}
          end
          if items then
            redis.call('DEL', key)
            for first = 1, #items, 200 do
              redis.call(write, key, unpack(items, first, math.min(first + 199, #items)))
            end
            for _, item in ipairs(items) do bytes = bytes + #item end
          end
          if expiry > 0 then redis.call('PEXPIREAT', key, expiry) end
          if bytes > {{MaximumBytesTogether}} then return {i, bytes} end
        end
        return {#KEYS, bytes}
        """;

    private long livingBytes;
    private bool saidNoRoom;
    private bool saidFailed;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var configuration = ConfigurationOptions.Parse(store.ConnectionString);
        configuration.AllowAdmin = true;
        configuration.AbortOnConnectFail = false;
        configuration.AsyncTimeout = configuration.SyncTimeout = TimeoutMilliseconds;
        await using var connection = await ConnectionMultiplexer.ConnectAsync(configuration);
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = WatchInterval;
            try
            {
                if (IsDue() && !await CompactAsync(connection, stoppingToken))
                {
                    pause = RetryInterval;
                }
            }
            catch (Exception fault) when (fault is RedisException or TimeoutException)
            {
                SayFailed(fault.GetType().Name);
                pause = RetryInterval;
            }

            await Task.Delay(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool IsDue() => Math.Max(store.LogBytes, store.SpilledBytes) > MinimumBytes + 2 * livingBytes;

    /// <returns>False if it was not done.</returns>
    private async Task<bool> CompactAsync(ConnectionMultiplexer connection, CancellationToken stoppingToken)
    {
        if (!HasRoom())
        {
            return false;
        }

        var place = store.Place();
        // In one command, during which no other changes the store. A SCAN could miss what moves meanwhile.
        var keys = (RedisKey[])(await connection.GetServers()[0].ExecuteAsync("KEYS", "*"))!;
        long bytes = 0;
        for (var done = 0; done < keys.Length; )
        {
            if (stoppingToken.IsCancellationRequested || store.Folder.Gate.IsClosed)
            {
                return false;
            }

            var some = keys.AsSpan(done, Math.Min(keys.Length - done, MaximumKeysTogether)).ToArray();
            var rewritten = (long[])(await connection.GetDatabase().ScriptEvaluateAsync(RewriteScript, some))!;
            if (rewritten[0] == 0)
            {
                SayFailed("UnknownKind");
                return false;
            }

            done += (int)rewritten[0];
            bytes += rewritten[1];
        }

        var bytesBefore = store.LogBytes;
        store.ForgetBefore(place);
        livingBytes = bytes;
        saidFailed = false;
        LogCompacted(store.Folder.Path, keys.Length, bytes, bytesBefore, store.LogBytes);
        return true;
    }

    private void SayFailed(string cause)
    {
        if (!saidFailed)
        {
            LogFailed(store.Folder.Path, cause);
        }

        saidFailed = true;
    }

    /// <summary>Whether all that lives fits on the disk once more. It is not longer than the log.</summary>
    private bool HasRoom()
    {
        var folder = store.Folder;
        var neededBytes = store.LogBytes + 2 * DataFolder.ReserveBytes;
        var hasRoom = !folder.Gate.IsClosed && folder.FreeBytes >= neededBytes;
        if (!hasRoom && !folder.Gate.IsClosed && !saidNoRoom)
        {
            LogNoRoom(folder.Path, neededBytes >> 20, folder.FreeBytes >> 20);
        }

        saidNoRoom = !hasRoom;
        return hasRoom;
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The data folder {Directory} grows: to compact it takes {NeededMiB} MiB, and {FreeMiB} MiB are free. Make room."
    )]
    private partial void LogNoRoom(string directory, long neededMiB, long freeMiB);

    [LoggerMessage(
        Level = LogLevel.Debug,
        Message = "The data folder {Directory} was compacted: {Keys} keys of {Bytes} bytes; its log had {BytesBefore} and has {BytesAfter}."
    )]
    private partial void LogCompacted(string directory, int keys, long bytes, long bytesBefore, long bytesAfter);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The data folder {Directory} could not be compacted ({Cause}); it is tried again. Nothing is lost."
    )]
    private partial void LogFailed(string directory, string cause);
}
#endif
