using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace FastKv.Telemetry;

/// <summary>The one ActivitySource, the one Meter and every name in them. No instrument carries a user, key, value or token.</summary>
internal static class Instruments
{
    public const string Name = "FastKv";

    public static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Errors = Meter.CreateCounter<long>(
        "fastkv.errors",
        "{error}",
        "Error answers, by code."
    );

    /// <summary>Counts an error answer.</summary>
    public static void CountError(string code)
    {
        if (Errors.Enabled)
        {
            Errors.Add(1, new KeyValuePair<string, object?>("fastkv.error.code", code));
        }
    }
}
