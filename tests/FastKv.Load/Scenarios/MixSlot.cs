namespace FastKv.Load.Scenarios;

/// <summary>
/// Gives each of a hundred iterations one of a hundred slots: each once, and spread, because stepping by a number that shares no
/// factor with 100 visits each slot once.
/// </summary>
internal static class MixSlot
{
    private const int Slots = 100;
    private const int Stride = 37;

    public static int Of(long iteration) => (int)(iteration * Stride % Slots);
}
