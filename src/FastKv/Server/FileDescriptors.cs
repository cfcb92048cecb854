using System.Runtime.InteropServices;

namespace FastKv.Server;

/// <summary>How many files and sockets the process may have open. Known on Linux only; elsewhere there is no limit.</summary>
internal static partial class FileDescriptors
{
    private const string Directory = "/proc/self/fd";

    // linux/include/uapi/asm-generic/resource.h; the same on every architecture that .NET runs on.
    private const int NumberOfFiles = 7;

    /// <summary>
    /// The limit as it is now (RLIMIT_NOFILE); the runtime raised it at start as far as it may. Costs less than a microsecond.
    /// </summary>
    public static int Limit =>
        OperatingSystem.IsLinux() && GetLimit(NumberOfFiles, out var limit) == 0
            ? (int)Math.Min(limit.Soft, int.MaxValue)
            : int.MaxValue;

    /// <summary>Those that are open now.</summary>
    public static int Open =>
        OperatingSystem.IsLinux() ? System.IO.Directory.GetFileSystemEntries(Directory).Length : 0;

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public nuint Soft;
        public nuint Hard;
    }
}
