namespace FastKv.Load;

internal static class ExitCode
{
    public const int Fine = 0;
    public const int ThresholdBroken = 1;

    /// <summary>Nothing was measured: the command line, the target or the machine did not allow it.</summary>
    public const int NotRun = 2;
}
