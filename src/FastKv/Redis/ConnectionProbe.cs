using System.Diagnostics;
using System.Net;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Finds out why there is no connection to Redis, which StackExchange.Redis does not tell: goes the same way with a connection of
/// its own (name, TCP, TLS, AUTH, PING) and names the step that fails.
/// </summary>
internal sealed class ConnectionProbe(ConfigurationOptions configuration)
{
    /// <summary>For looking at a server in a second way, when the first has taken all the time there was.</summary>
    private static readonly TimeSpan ExtraTime = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// Asks all servers of the connection string, or their Sentinels and the master that these name.
    /// </summary>
    /// <returns>The first server that can't be used, and why; null if one can.</returns>
    public async Task<(EndPoint Server, string Cause)?> FindAsync(TimeSpan limit, CancellationToken cancellation)
    {
        var isSentinel = !string.IsNullOrEmpty(configuration.ServiceName);
        var servers = configuration.EndPoints.ToArray();
        var causes = await Task.WhenAll(
            servers.Select(server =>
                isSentinel ? BySentinelAsync(server, limit, cancellation) : OfAsync(server, limit, cancellation)
            )
        );
        // A master that is down says more than a Sentinel that is.
        return causes.Contains(null)
            ? null
            : causes.FirstOrDefault(found => !servers.Contains(found!.Value.Server)) ?? causes[0];
    }

    /// <summary>Asks one server.</summary>
    /// <returns>Why it can't be used; null if it can.</returns>
    public Task<(EndPoint Server, string Cause)?> OfAsync(
        EndPoint server,
        TimeSpan limit,
        CancellationToken cancellation
    ) =>
        TryAsync(
            server,
            limit,
            async (link, cancel) =>
            {
                await link.AuthenticateAsync(configuration.User, configuration.Password, cancel);
                await link.PingAsync(cancel);
                if (await link.IsLoneReplicaAsync(cancel))
                {
                    throw new ProbeException(nameof(RedisErrorKind.ReadOnly));
                }
            },
            cancellation
        );

    private async Task<(EndPoint Server, string Cause)?> BySentinelAsync(
        EndPoint sentinel,
        TimeSpan limit,
        CancellationToken cancellation
    )
    {
        EndPoint? master = null;
        var failed = await TryAsync(
            sentinel,
            limit,
            async (link, cancel) =>
            {
                await link.AuthenticateAsync(configuration.SentinelUser, configuration.SentinelPassword, cancel);
                master =
                    await link.MasterAsync(configuration.ServiceName!, cancel)
                    ?? throw new ProbeException(OutageCause.UnknownServiceName);
            },
            cancellation
        );
        return failed ?? await OfAsync(master!, limit, cancellation);
    }

    private async Task<(EndPoint Server, string Cause)?> TryAsync(
        EndPoint server,
        TimeSpan limit,
        Func<ProbeConnection, CancellationToken, Task> talk,
        CancellationToken cancellation
    )
    {
        var started = Stopwatch.GetTimestamp();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(limit);
        using var link = new ProbeConnection(server, configuration);
        try
        {
            await link.OpenAsync(bound.Token);
            await talk(link, bound.Token);
            return null;
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested)
        {
            var cause = link.CauseOf(exception);
            var isTlsInDoubt =
                cause is OutageCause.ConnectionClosed or OutageCause.NoAnswer or OutageCause.TlsFailed
                && link.IsConnected;
            var left = limit + ExtraTime - Stopwatch.GetElapsedTime(started);
            return (server, isTlsInDoubt ? await WithTlsTheOtherWayAsync(server, cause, left, cancellation) : cause);
        }
    }

    /// <summary>A server that expects TLS, or none, often just says nothing to a client that has it otherwise.</summary>
    private async Task<string> WithTlsTheOtherWayAsync(
        EndPoint server,
        string cause,
        TimeSpan limit,
        CancellationToken cancellation
    )
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(limit > TimeSpan.Zero ? limit : TimeSpan.Zero);
        using var link = new ProbeConnection(server, configuration, isOtherWay: true);
        try
        {
            await link.OpenAsync(bound.Token);
            if (configuration.Ssl)
            {
                // No password goes over a line without TLS: a server that wants one says so.
                await link.PingAsync(bound.Token);
            }

            return configuration.Ssl ? OutageCause.TlsNotSupported : OutageCause.TlsRequired;
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested)
        {
            return (configuration.Ssl, exception) switch
            {
                (true, ProbeException { IsReply: true }) => OutageCause.TlsNotSupported,
                (true, ProbeException { Message: OutageCause.NotRedis }) => OutageCause.NotRedis,
                _ => cause,
            };
        }
    }
}
