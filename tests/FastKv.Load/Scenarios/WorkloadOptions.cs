namespace FastKv.Load.Scenarios;

/// <summary>How much is prepared before a run. Sizes are bytes of the value; keys take them in turn.</summary>
internal sealed record WorkloadOptions(int Accounts, int Keys, IReadOnlyList<int> ValueSizes)
{
    /// <summary>The mixes hold small and large values in equal parts.</summary>
    public static readonly IReadOnlyList<int> MixSizes = [100, 10 * 1024];
}
