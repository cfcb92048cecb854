#if EMBEDDED_STORE
using System.Diagnostics;
using FastKv.Configuration;

namespace FastKv.Redis;

/// <summary>
/// The embedded store's folder, and whether there is room in it. A part of the disk is kept in reserve, as a file. When a write
/// fails, the reserve is given up, so that what is under way finds room, and nothing new is begun until it can be had again.
/// </summary>
internal sealed class DataFolder : IDisposable
{
    /// <summary>Bytes in reserve: far more than what the store has carried out and not yet written to its log at any moment.</summary>
    public const long ReserveBytes = 32L << 20;

    /// <summary>A write that fails is tried again much sooner, so that one that still fails keeps the gate closed.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly FileStream directoryLock;
    private readonly FileInfo reserve;
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private long lastFailure = long.MinValue / 2;

    private DataFolder(string path, FileStream directoryLock)
    {
        Path = path;
        this.directoryLock = directoryLock;
        reserve = new FileInfo(System.IO.Path.Combine(path, "reserve"));
        Stopping = stopping.Token;
        TryReopen();
    }

    public string Path { get; }

    /// <summary>Closed while the folder can't be written.</summary>
    public WriteGate Gate { get; } = new();

    /// <summary>Why it can't: the type of the exception that the last failing write met.</summary>
    public string LastFailure { get; private set; } = nameof(IOException);

    /// <summary>Cancelled when writes that fail are to be given up.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>
    /// Bytes that the disk has left for this process. What can't be known is taken to be enough: a write that fails will tell.
    /// </summary>
    public long FreeBytes
    {
        get
        {
            try
            {
                return new DriveInfo(Path).AvailableFreeSpace;
            }
            catch (Exception exception)
                when (exception is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return long.MaxValue;
            }
        }
    }

    /// <summary>Takes the folder for this process, and makes it if it is not there.</summary>
    /// <exception cref="InvalidSettingException">It can't be written, or another process uses it.</exception>
    public static DataFolder Open(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            return new DataFolder(
                path,
                new FileStream(
                    System.IO.Path.Combine(path, "lock"),
                    FileMode.OpenOrCreate,
                    FileAccess.ReadWrite,
                    FileShare.None
                )
            );
        }
        catch (IOException exception) when (IsInUse(exception))
        {
            throw new InvalidSettingException(
                $"The data folder {path} is in use by another FastKv; set FastKv__DataDirectory to a folder of its own, or ConnectionStrings__Redis to a Redis."
            );
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidSettingException(
                $"The data folder {path} can't be written by this user; set FastKv__DataDirectory to a folder that can, or ConnectionStrings__Redis to a Redis."
            );
        }
    }

    // EWOULDBLOCK of flock on Linux and on macOS; ERROR_SHARING_VIOLATION on Windows.
    private static bool IsInUse(IOException exception) =>
        exception.HResult is 11 or 35 || exception.HResult == unchecked((int)0x80070020);

    /// <summary>A write failed. It will be tried again.</summary>
    public void OnFailed(Exception? cause)
    {
        lock (gate)
        {
            lastFailure = Stopwatch.GetTimestamp();
            LastFailure = (cause ?? new IOException()).GetType().Name;
            Gate.IsClosed = true;
            DeleteReserve();
        }
    }

    /// <summary>Opens the gate if no write has failed lately and the reserve is there, or can be had and leaves as much free.</summary>
    public void TryReopen()
    {
        lock (gate)
        {
            Gate.IsClosed = Stopwatch.GetElapsedTime(lastFailure) < Pause || !TryTakeReserve();
        }
    }

    /// <summary>From now on writes that fail are given up.</summary>
    public void Stop() => stopping.Cancel();

    public void Dispose()
    {
        stopping.Dispose();
        directoryLock.Dispose();
    }

    private bool TryTakeReserve()
    {
        try
        {
            reserve.Refresh();
            if (reserve is { Exists: true, Length: ReserveBytes })
            {
                return true;
            }

            if (FreeBytes < 2 * ReserveBytes)
            {
                return false;
            }

            using var file = File.OpenHandle(
                reserve.FullName,
                FileMode.Create,
                FileAccess.Write,
                preallocationSize: ReserveBytes
            );
            RandomAccess.SetLength(file, ReserveBytes);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            DeleteReserve();
            return false;
        }
    }

    private void DeleteReserve()
    {
        try
        {
            reserve.Delete();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then it is not the room that is missing.
        }
    }
}
#endif
