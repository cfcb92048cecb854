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

    private static readonly Counter<long> LimiterRejections = Meter.CreateCounter<long>(
        "fastkv.login.limiter.rejections",
        "{login}",
        "Logins refused because of earlier failures, by what was limited."
    );

    private static readonly UpDownCounter<long> RequestsInFlight = Meter.CreateUpDownCounter<long>(
        "fastkv.requests.in_flight",
        "{request}",
        "Requests that are being answered."
    );

    private static readonly Counter<long> RequestsShed = Meter.CreateCounter<long>(
        "fastkv.requests.shed",
        "{request}",
        "Requests refused because too many were in flight."
    );

    /// <summary>Counts an error answer.</summary>
    public static void CountError(string code)
    {
        if (Errors.Enabled)
        {
            Errors.Add(1, new KeyValuePair<string, object?>("fastkv.error.code", code));
        }
    }

    /// <summary>Counts a login that was refused because of earlier ones, by the limit that was reached.</summary>
    public static void CountLimiterRejection(string limiter)
    {
        if (LimiterRejections.Enabled)
        {
            LimiterRejections.Add(1, new KeyValuePair<string, object?>("fastkv.limiter", limiter));
        }
    }

    /// <summary>Counts a request that came in (1) or went out (-1).</summary>
    public static void CountInFlight(int change)
    {
        if (RequestsInFlight.Enabled)
        {
            RequestsInFlight.Add(change);
        }
    }

    /// <summary>Counts a request that was refused because too many were in flight.</summary>
    public static void CountShed() => RequestsShed.Add(1);
}
