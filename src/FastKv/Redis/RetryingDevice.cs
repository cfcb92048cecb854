#if EMBEDDED_STORE
using Tsavorite.core;

namespace FastKv.Redis;

/// <summary>
/// A device of the embedded store whose writes do not fail: one that can't be carried out, because the disk is full for example,
/// is tried again until it can. Garnet would take no more writes, and most reads neither, after the first failure of its log.
/// </summary>
/// <param name="inner">The device.</param>
/// <param name="folder">What learns of failures.</param>
/// <param name="mayUseReserve">Whether it writes while the folder is full, too.</param>
internal sealed class RetryingDevice(IDevice inner, DataFolder folder, bool mayUseReserve) : IDevice
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(20);

    public uint SectorSize => inner.SectorSize;

    public string FileName => inner.FileName;

    public long Capacity => inner.Capacity;

    public long SegmentSize => inner.SegmentSize;

    public int StartSegment => inner.StartSegment;

    public int EndSegment => inner.EndSegment;

    public int ThrottleLimit
    {
        get => inner.ThrottleLimit;
        set => inner.ThrottleLimit = value;
    }

    public void WriteAsync(
        IntPtr sourceAddress,
        int segmentId,
        ulong destinationAddress,
        uint numBytesToWrite,
        DeviceIOCompletionCallback callback,
        object context
    ) =>
        new Write(
            this,
            callback,
            completed =>
                inner.WriteAsync(sourceAddress, segmentId, destinationAddress, numBytesToWrite, completed, context)
        ).Begin();

    public void WriteAsync(
        IntPtr alignedSourceAddress,
        ulong alignedDestinationAddress,
        uint numBytesToWrite,
        DeviceIOCompletionCallback callback,
        object context
    ) =>
        new Write(
            this,
            callback,
            completed =>
                inner.WriteAsync(alignedSourceAddress, alignedDestinationAddress, numBytesToWrite, completed, context)
        ).Begin();

    public void ReadAsync(
        int segmentId,
        ulong sourceAddress,
        IntPtr destinationAddress,
        uint readLength,
        DeviceIOCompletionCallback callback,
        object context
    ) => inner.ReadAsync(segmentId, sourceAddress, destinationAddress, readLength, callback, context);

    public void ReadAsync(
        ulong alignedSourceAddress,
        IntPtr alignedDestinationAddress,
        uint aligned_read_length,
        DeviceIOCompletionCallback callback,
        object context
    ) => inner.ReadAsync(alignedSourceAddress, alignedDestinationAddress, aligned_read_length, callback, context);

    public void Initialize(long segmentSize, LightEpoch? epoch = null, bool omitSegmentIdFromFilename = false) =>
        inner.Initialize(segmentSize, epoch, omitSegmentIdFromFilename);

    public bool TryComplete() => inner.TryComplete();

    public bool TryCompleteMine() => inner.TryCompleteMine();

    public bool Throttle() => inner.Throttle();

    public void TruncateUntilAddressAsync(long toAddress, AsyncCallback callback, IAsyncResult result) =>
        inner.TruncateUntilAddressAsync(toAddress, callback, result);

    public void TruncateUntilAddress(long toAddress) => inner.TruncateUntilAddress(toAddress);

    public void TruncateUntilSegmentAsync(int toSegment, AsyncCallback callback, IAsyncResult result) =>
        inner.TruncateUntilSegmentAsync(toSegment, callback, result);

    public void TruncateUntilSegment(int toSegment) => inner.TruncateUntilSegment(toSegment);

    public void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result) =>
        inner.RemoveSegmentAsync(segment, callback, result);

    public void RemoveSegment(int segment) => inner.RemoveSegment(segment);

    public long GetFileSize(int segment) => inner.GetFileSize(segment);

    public void Reset() => inner.Reset();

    public void Dispose() => inner.Dispose();

    /// <summary>One write, until it succeeds or the store stops. Its bytes stay where they are until its caller is called back.</summary>
    private sealed class Write(
        RetryingDevice device,
        DeviceIOCompletionCallback callback,
        Action<DeviceIOCompletionCallback> attempt
    )
    {
        public void Begin()
        {
            if (device.MayWrite)
            {
                attempt(OnCompleted);
            }
            else
            {
                _ = RetryAsync();
            }
        }

        private void OnCompleted(uint errorCode, uint numBytes, object context, Exception? exception)
        {
            if (errorCode == 0 || device.Folder.Stopping.IsCancellationRequested)
            {
                callback(errorCode, numBytes, context, exception!);
                return;
            }

            device.Folder.OnFailed(exception);
            _ = RetryAsync();
        }

        private async Task RetryAsync()
        {
            do
            {
                await Task.Delay(RetryInterval).ConfigureAwait(false);
            } while (!device.MayWrite);
            attempt(OnCompleted);
        }
    }

    private DataFolder Folder => folder;

    private bool MayWrite => mayUseReserve || !folder.Gate.IsClosed || folder.Stopping.IsCancellationRequested;
}

/// <summary>Makes such devices for all files of the embedded store.</summary>
internal sealed class RetryingDeviceFactory(INamedDeviceFactory inner, DataFolder folder) : INamedDeviceFactory
{
    /// <summary>
    /// What the names of the files begin with that hold the data which have no room in memory. They can become many at once, and
    /// nobody waits for them; all others are for the log of commands and for a checkpoint, for which everybody waits.
    /// </summary>
    private const string DataFile = "hlog";

    public IDevice Get(FileDescriptor fileInfo) =>
        new RetryingDevice(
            inner.Get(fileInfo),
            folder,
            mayUseReserve: !fileInfo.fileName.StartsWith(DataFile, StringComparison.Ordinal)
        );

    public void Delete(FileDescriptor fileInfo) => inner.Delete(fileInfo);

    public IEnumerable<FileDescriptor> ListContents(string path) => inner.ListContents(path);

    public uint GetSectorSize(FileDescriptor fileInfo) => inner.GetSectorSize(fileInfo);

    /// <summary>Makes such factories.</summary>
    internal sealed class Creator(INamedDeviceFactoryCreator inner, DataFolder folder) : INamedDeviceFactoryCreator
    {
        public INamedDeviceFactory Create(string baseName) => new RetryingDeviceFactory(inner.Create(baseName), folder);
    }
}
#endif
