using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastKv.Load.Running;

/// <summary>
/// Waits for a timestamp without burning the core that the target may need. Thread.Sleep counts in milliseconds, which
/// would show as latency at 1,000 arrivals a second; nanosleep on Linux wakes about 0.06 ms late. Elsewhere the schedule
/// is as fine as Thread.Sleep.
/// </summary>
internal static class ShortSleep
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    public static void Until(long timestamp)
    {
        while (true)
        {
            var remaining = timestamp - Stopwatch.GetTimestamp();
            if (remaining <= 0)
            {
                return;
            }

            var nanoseconds = (long)((double)remaining / Stopwatch.Frequency * NanosecondsPerSecond);
            if (!OperatingSystem.IsLinux())
            {
                Thread.Sleep((int)Math.Max(1, nanoseconds / 1_000_000));
                continue;
            }

            var request = new TimeSpec(nanoseconds / NanosecondsPerSecond, nanoseconds % NanosecondsPerSecond);
            _ = NanoSleep(ref request, 0);
        }
    }

    [DllImport("libc", EntryPoint = "nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NanoSleep(ref TimeSpec request, nint remaining);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpec(long seconds, long nanoseconds)
    {
        public readonly nint Seconds = (nint)seconds;
        public readonly nint Nanoseconds = (nint)nanoseconds;
    }
}
