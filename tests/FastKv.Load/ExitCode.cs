namespace FastKv.Load;

internal static class ExitCode
{
    public const int Fine = 0;
    public const int ThresholdBroken = 1;

    /// <summary>Nothing was measured, or not to the end: the command line, the target, the machine or Ctrl+C did not allow it.</summary>
    public const int NotRun = 2;
}
