using System.Net;
using FastKv.Telemetry;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Tells operators that Redis can't be used, why, and when it can again: a line when an outage begins or its cause changes, one a
/// minute while it lasts, with the number of requests that were refused, and one at its end.
/// </summary>
internal sealed partial class RedisDiagnostics(
    ConfigurationOptions configuration,
    RedisConnection connection,
    RedisCommands redis,
    RedisKeys keys,
    StoreFailures failures,
    TimeProvider time,
    ILogger<RedisDiagnostics> logger
) : BackgroundService
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// What the first look at a server may take, so that the first line is there within two seconds; later ones may take as long as
    /// connecting may.
    /// </summary>
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(1.25);

    /// <summary>A connection that is missing for so long, with a server that can be reached, is an outage; before, it is on its way.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>After so long without a refused request a server of a cluster that is away is taken for given up.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>In one outage the same cause is not announced more often than this, should causes take turns.</summary>
    private static readonly TimeSpan AnnounceInterval = TimeSpan.FromSeconds(10);

    private readonly ConnectionProbe probe = new(configuration);
    private readonly Dictionary<string, long> announced = [];
    private volatile Outage? outage;
    private long outageSince;
    private Outage? told;
    private long? failingSince;
    private long? lastLook;
    private long lastRefusal;
    private long refusalsSeen;
    private long lastLine;

    /// <summary>Why Redis can't be used, in a word; null if it can, as far as is known.</summary>
    public string? Cause => outage?.Cause;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        lastRefusal = lastLine = time.GetTimestamp();
        var isDue = true;
        do
        {
            try
            {
                if (isDue)
                {
                    Tell(await FindAsync(stoppingToken));
                }

                TellEachMinute();
            }
            catch (Exception exception)
            {
                // An exception that leaves here ends the service, which can do without what is told here.
                var cause = exception.GetType().Name;
                LogFailed(cause);
            }

            await Task.Delay(CheckInterval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            isDue =
                outage is not null
                || failingSince is not null
                || !connection.IsConnected
                || failures.Refused.Total != refusalsSeen;
        } while (!stoppingToken.IsCancellationRequested);
    }

    private async Task<Outage?> FindAsync(CancellationToken cancellation)
    {
        var isRefusing = failures.Refused.Total is var refusals && refusals != refusalsSeen;
        refusalsSeen = refusals;
        if (isRefusing)
        {
            lastRefusal = time.GetTimestamp();
        }

        if (await redis.ProbeAsync(keys.Probe) is not { } reason)
        {
            failingSince = null;
            return await FindInPartAsync(isRefusing ? failures.Refused.LastReason : null, cancellation);
        }

        failingSince ??= time.GetTimestamp();
        if (OutageCause.IsReply(reason))
        {
            return new Outage(OutageCause.OfReason(reason), connection.ServerOf(keys.Probe));
        }

        if (IsLookedAtLately)
        {
            return outage;
        }

        if (await probe.FindAsync(LookTime, cancellation) is { } found)
        {
            return new Outage(found.Cause, found.Server);
        }

        return time.GetElapsedTime(failingSince.Value) < Patience
            ? outage
            : new Outage(OutageCause.OfReason(reason), connection.ServerOf(keys.Probe));
    }

    /// <summary>
    /// The probe meets one server and one command only; requests may be refused because another master of a cluster is away, or
    /// for want of a right that the probe does not need.
    /// </summary>
    /// <param name="reason">Of the last request that was refused; null if none was since this was asked last.</param>
    private async Task<Outage?> FindInPartAsync(string? reason, CancellationToken cancellation)
    {
        if (reason is null)
        {
            return outage is { IsInPart: true } && time.GetElapsedTime(lastRefusal) < Quiet ? outage : null;
        }

        if (OutageCause.IsReply(reason))
        {
            // Which server of a cluster said so is not known.
            var server = connection.SlotOf(keys.Probe) < 0 ? connection.ServerOf(keys.Probe) : null;
            return new Outage(OutageCause.OfReason(reason), server, IsInPart: true);
        }

        if (IsLookedAtLately || connection.LostMasters is not [var lost, ..])
        {
            return outage;
        }

        return await probe.OfAsync(lost, LookTime, cancellation) is { } found
            ? new Outage(found.Cause, found.Server, IsInPart: true)
            : outage;
    }

    /// <summary>Whether the last look with a connection of its own is so fresh that no other is needed; else there is one now.</summary>
    private bool IsLookedAtLately
    {
        get
        {
            var isFresh = outage is not null && lastLook is { } last && time.GetElapsedTime(last) < LookInterval;
            lastLook = isFresh ? lastLook : time.GetTimestamp();
            return isFresh;
        }
    }

    private TimeSpan LookTime =>
        outage is null ? FirstLook : TimeSpan.FromMilliseconds(Math.Clamp(configuration.ConnectTimeout, 1500, 10_000));

    private void Tell(Outage? found)
    {
        var before = outage;
        outage = found;
        if (found is null)
        {
            if (told is not null)
            {
                var (refused, _) = failures.Refused.Take();
                var seconds = time.GetElapsedTime(outageSince).TotalSeconds;
                LogBack(seconds, refused);
            }

            told = null;
            announced.Clear();
            return;
        }

        if (before is null)
        {
            outageSince = time.GetTimestamp();
        }

        var isRecent = announced.TryGetValue(found.Cause, out var last) && time.GetElapsedTime(last) < AnnounceInterval;
        if (found != told && !isRecent)
        {
            told = found;
            announced[found.Cause] = lastLine = time.GetTimestamp();
            var advice = OutageCause.AdviceFor(found.Cause);
            if (found.IsInPart)
            {
                LogOutageInPart(found.Name, found.Cause, advice);
            }
            else
            {
                LogOutage(found.Name, found.Cause, advice);
            }
        }
    }

    private void TellEachMinute()
    {
        if (outage is { } current)
        {
            if (time.GetElapsedTime(lastLine) >= FailedRequests.Interval)
            {
                lastLine = time.GetTimestamp();
                told = current;
                var (refused, example) = failures.Refused.Take();
                var advice = OutageCause.AdviceFor(current.Cause);
                if (refused > 0)
                {
                    LogStillOut(current.Name, current.Cause, refused, example, advice);
                }
                else
                {
                    LogStillOut(current.Name, current.Cause, advice);
                }
            }
        }
        else if (failures.Refused.TryTakeDue(out var refused, out var example))
        {
            LogRefused(refused, example);
        }

        if (failures.OutcomeUnknown.TryTakeDue(out var unknown, out var unknownExample))
        {
            LogOutcomeUnknown(unknown, unknownExample);
        }
    }

    /// <summary>Redis can't be used.</summary>
    /// <param name="Cause">One word of <see cref="OutageCause"/>.</param>
    /// <param name="Server">The server that was asked, if it is known.</param>
    /// <param name="IsInPart">Only some requests are concerned.</param>
    private sealed record Outage(string Cause, EndPoint? Server, bool IsInPart = false)
    {
        public string Name => Server is null ? "Redis" : $"Redis at {ServerName.Of(Server)}";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Server} can't be used: {Cause}. {Advice}")]
    private partial void LogOutage(string server, string cause, string advice);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Server} can't be used by some requests: {Cause}. {Advice}")]
    private partial void LogOutageInPart(string server, string cause, string advice);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Server} still can't be used: {Cause}; {Requests} requests were refused since the last such line, trace_id of one: {TraceId}. {Advice}"
    )]
    private partial void LogStillOut(string server, string cause, int requests, string traceId, string advice);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Server} still can't be used: {Cause}; no request was refused since the last such line. {Advice}"
    )]
    private partial void LogStillOut(string server, string cause, string advice);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Redis can be used again, after {Seconds:0.0} s; {Requests} requests were refused since the last line about them."
    )]
    private partial void LogBack(double seconds, int requests);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Requests} more requests were refused as STORE_UNAVAILABLE since the last line about them; trace_id of one: {TraceId}."
    )]
    private partial void LogRefused(int requests, string traceId);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Requests} more requests were answered OUTCOME_UNKNOWN since the last line about them; trace_id of one: {TraceId}."
    )]
    private partial void LogOutcomeUnknown(int requests, string traceId);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Redis could not be looked at ({Cause}).")]
    private partial void LogFailed(string cause);
}
