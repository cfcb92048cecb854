using System.Diagnostics;
using System.Net;
using System.Runtime;
using FastKv.Redis;
using FastKv.Server;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace FastKv.Health;

/// <summary>
/// Sends requests to its own address before the service says that it is ready, so that the first users do not pay for the
/// just-in-time compiler. The compiler works beside the requests and comes to nothing while they keep the cores busy, so they
/// come in bursts, with a rest after each, until a burst leaves it nothing to do.
/// </summary>
internal sealed partial class WarmUp(
    IServer server,
    WarmUpVisitor visitor,
    RedisCommands redis,
    RedisKeys keys,
    HttpOptions options,
    DrainState draining,
    IHostApplicationLifetime lifetime,
    ILogger<WarmUp> logger
) : BackgroundService
{
    /// <summary>Users that send requests at once over HTTP/1.1, each over a connection; over HTTP/2 they share one.</summary>
    private const int Http1Users = 16;
    private const int Http2Users = 8;

    /// <summary>Methods compiled by a burst that leaves the compiler nothing to do worth waiting for.</summary>
    private const int FewMethods = 100;

    /// <summary>The compiler rests when it has compiled nothing for this long.</summary>
    private static readonly TimeSpan RestInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(100);

    private volatile bool isDone = options.WarmUpSeconds == 0;

    /// <summary>Whether the service has warmed up, or gave up trying.</summary>
    public bool IsDone => isDone;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(
            stoppingToken,
            lifetime.ApplicationStopping
        );
        try
        {
            await StartedAsync(stopping.Token);
            while (await redis.ProbeAsync(keys.Probe) is not null)
            {
                await Task.Delay(ProbeInterval, stopping.Token);
            }

            if (!isDone)
            {
                await VisitUntilWarmAsync(stopping.Token);
            }

            isDone = true;
            if (!draining.HasBegun)
            {
                var address = OwnAddress(isHttp2: false)?.GetLeftPart(UriPartial.Authority) ?? Addresses.First();
                LogReady(address);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    private async Task VisitUntilWarmAsync(CancellationToken stopping)
    {
        if (OwnAddress(isHttp2: false) is not { } address)
        {
            return;
        }

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        bound.CancelAfter(TimeSpan.FromSeconds(options.WarmUpSeconds));
        try
        {
            await VisitUntilWarmAsync(address, OwnAddress(isHttp2: true), bound.Token);
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            throw new OperationCanceledException(stopping);
        }
        catch (Exception exception)
        {
            // A service that could not warm up is slower for a while, and serves all the same.
            var reason =
                exception is OperationCanceledException
                    ? $"it takes longer than {options.WarmUpSeconds} s here"
                    : "a request of its own failed";
            LogNotWarm(reason);
        }
    }

    private async Task StartedAsync(CancellationToken cancellation)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(cancellation);
    }

    private async Task VisitUntilWarmAsync(Uri http1, Uri? http2, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        using var http1Client = WarmUpVisitor.Client(http1, HttpVersion.Version11);
        using var http2Client = http2 is null ? null : WarmUpVisitor.Client(http2, HttpVersion.Version20);
        HttpClient[] users =
        [
            .. Enumerable.Repeat(http1Client, Http1Users),
            .. http2Client is null ? [] : Enumerable.Repeat(http2Client, Http2Users),
        ];
        var bursts = 0;
        var compiled = JitInfo.GetCompiledMethodCount();
        long before;
        do
        {
            before = compiled;
            await Task.WhenAll(users.Select(client => visitor.VisitAsync(client, cancellation)));
            compiled = await CompiledMethodsAtRestAsync(cancellation);
            bursts++;
        } while (compiled - before > FewMethods);

        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        LogWarm(bursts * users.Length * WarmUpVisitor.Requests, elapsed);
    }

    private static async Task<long> CompiledMethodsAtRestAsync(CancellationToken cancellation)
    {
        var compiled = JitInfo.GetCompiledMethodCount();
        long before;
        do
        {
            before = compiled;
            await Task.Delay(RestInterval, cancellation);
            compiled = JitInfo.GetCompiledMethodCount();
        } while (compiled != before);

        return compiled;
    }

    /// <summary>
    /// The first address without TLS that this process serves users on, by way of the loopback interface if it may: that of HTTP/2,
    /// or one of the others.
    /// </summary>
    private Uri? OwnAddress(bool isHttp2)
    {
        var address = Addresses
            .Select(BindingAddress.Parse)
            .FirstOrDefault(a =>
                !a.IsUnixPipe && (a.Port == options.Http2Port) == isHttp2 && a.Port != options.ManagementPort
            );
        if (address is null)
        {
            return null;
        }

        var isSpecific =
            IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip)
            && !IPAddress.Any.Equals(ip)
            && !IPAddress.IPv6Any.Equals(ip);
        return new Uri($"http://{(isSpecific ? address.Host : "localhost")}:{address.Port}");
    }

    private ICollection<string> Addresses => server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;

    [LoggerMessage(Level = LogLevel.Information, Message = "Ready: {Address}, documentation at /docs")]
    private partial void LogReady(string address);

    [LoggerMessage(Level = LogLevel.Information, Message = "Warmed up with {Requests} requests in {Seconds:0.0} s.")]
    private partial void LogWarm(int requests, double seconds);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Not warmed up, so the first requests take longer: {Reason}. FastKv__Http__WarmUpSeconds sets how long it may take."
    )]
    private partial void LogNotWarm(string reason);
}
