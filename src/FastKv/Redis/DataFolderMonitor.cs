#if EMBEDDED_STORE
using System.Diagnostics;

namespace FastKv.Redis;

/// <summary>Says when the embedded store's folder can't be written, and when it can again.</summary>
internal sealed partial class DataFolderMonitor(DataFolder folder, ILogger<DataFolderMonitor> logger)
    : BackgroundService
{
    private static readonly TimeSpan WarningInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
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
                LogClosed(folder.Path, folder.LastFailure, folder.FreeBytes >> 20, (2 * DataFolder.ReserveBytes) >> 20);
                saidClosed = true;
                sinceWarning.Restart();
            }

            await Task.Delay(WatchInterval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The data folder {Directory} can't be written ({Cause}, {FreeMiB} MiB free): writes are refused with 503, reads go on. Make room; it is written again, without a restart, once {NeededMiB} MiB are free."
    )]
    private partial void LogClosed(string directory, string cause, long freeMiB, long neededMiB);

    [LoggerMessage(Level = LogLevel.Information, Message = "The data folder {Directory} is written again.")]
    private partial void LogOpen(string directory);
}
#endif
