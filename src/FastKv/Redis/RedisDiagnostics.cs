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
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // An exception that leaves here ends the service, which can do without this.
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
            return await FindInPartAsync(isRefusing, cancellation);
        }

        failingSince ??= time.GetTimestamp();
        if (OutageCause.IsReply(reason))
        {
            return new Outage(OutageCause.OfReason(reason), configuration.EndPoints[0]);
        }

        if (outage is not null && lastLook is { } last && time.GetElapsedTime(last) < LookInterval)
        {
            return outage;
        }

        lastLook = time.GetTimestamp();
        if (await probe.FindAsync(LookTime, cancellation) is { } found)
        {
            return new Outage(found.Cause, found.Server);
        }

        return time.GetElapsedTime(failingSince.Value) < Patience
            ? outage
            : new Outage(OutageCause.OfReason(reason), configuration.EndPoints[0]);
    }

    /// <summary>Of a cluster, the probe meets one master only; requests may be refused because another is away.</summary>
    private async Task<Outage?> FindInPartAsync(bool isRefusing, CancellationToken cancellation)
    {
        if (isRefusing && connection.LostMasters is [var lost, ..])
        {
            return await probe.OfAsync(lost, LookTime, cancellation) is { } found
                ? new Outage(found.Cause, found.Server, IsInPart: true)
                : outage;
        }

        return outage is { IsInPart: true } && time.GetElapsedTime(lastRefusal) < Quiet ? outage : null;
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
            LogOutage(found.Name, found.Cause, advice);
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
    /// <param name="Server">The server that was asked.</param>
    /// <param name="IsInPart">Only some keys are concerned.</param>
    private sealed record Outage(string Cause, EndPoint Server, bool IsInPart = false)
    {
        public string Name => EndPointCollection.ToString(Server);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis at {Server} can't be used: {Cause}. {Advice}")]
    private partial void LogOutage(string server, string cause, string advice);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Redis at {Server} still can't be used: {Cause}; {Requests} requests were refused since the last such line, trace_id of one: {TraceId}. {Advice}"
    )]
    private partial void LogStillOut(string server, string cause, int requests, string traceId, string advice);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Redis at {Server} still can't be used: {Cause}; no request was refused since the last such line. {Advice}"
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
