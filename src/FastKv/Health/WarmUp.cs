using System.Diagnostics;
using System.Net;
using System.Runtime;
using FastKv.Auth;
using FastKv.Redis;
using FastKv.Server;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace FastKv.Health;

/// <summary>
/// Sends requests to its own address before the service says that it is ready, so that the first users do not pay for the
/// just-in-time compiler. The compiler works beside the requests and comes to nothing while they keep the cores busy, so they
/// come in bursts, with a rest after each, until a burst leaves it nothing to do. Its users do not exist, and what it stores
/// for them is deleted or expires, so it leaves no trace in the data.
/// </summary>
internal sealed partial class WarmUp(
    IServer server,
    AccessTokens tokens,
    RedisCommands redis,
    RedisKeys keys,
    HttpOptions options,
    IHostApplicationLifetime lifetime,
    ILogger<WarmUp> logger
) : BackgroundService
{
    private const int Connections = 16;

    /// <summary>Requests of a connection in a burst. A method is compiled again, better, each time it was called 30 times.</summary>
    private const int Requests = 60;

    /// <summary>Methods compiled by a burst that leaves the compiler nothing to do worth waiting for.</summary>
    private const int FewMethods = 100;

    /// <summary>The compiler rests when it has compiled nothing for this long.</summary>
    private static readonly TimeSpan RestInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan EntryLifetime = TimeSpan.FromMinutes(2);

    private volatile bool isDone = options.WarmUpSeconds == 0;

    /// <summary>Whether the service has warmed up, or gave up trying.</summary>
    public bool IsDone => isDone;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (isDone)
        {
            return;
        }

        try
        {
            await StartedAsync(stoppingToken);
            while (await redis.ProbeAsync(keys.Probe) is not null)
            {
                await Task.Delay(ProbeInterval, stoppingToken);
            }

            if (OwnAddress() is { } address)
            {
                using var bound = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                bound.CancelAfter(TimeSpan.FromSeconds(options.WarmUpSeconds));
                await VisitUntilWarmAsync(address, bound.Token);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
        catch (Exception exception)
        {
            // A service that could not warm up is slower for a while, and serves all the same.
            LogNotWarm(exception.GetType().Name);
        }
        finally
        {
            isDone = true;
        }
    }

    private async Task StartedAsync(CancellationToken cancellation)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(cancellation);
    }

    private async Task VisitUntilWarmAsync(Uri address, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null })
        {
            BaseAddress = address,
        };

        // Not sampled (W3C Trace Context, 3.2): nobody wants to read these traces.
        client.DefaultRequestHeaders.Add(
            "traceparent",
            $"00-{Guid.NewGuid():N}-{Random.Shared.NextInt64(1, long.MaxValue):x16}-00"
        );
        var bursts = 0;
        var compiled = JitInfo.GetCompiledMethodCount();
        long before;
        do
        {
            before = compiled;
            await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => VisitAsync(client, cancellation)));
            compiled = await CompiledMethodsAtRestAsync(cancellation);
            bursts++;
        } while (compiled - before > FewMethods);

        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        LogWarm(bursts * Connections * Requests, elapsed);
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

    /// <summary>A new user, who has one entry: mostly reads it, and asks for, updates and deletes some that do not exist.</summary>
    private async Task VisitAsync(HttpClient client, CancellationToken cancellation)
    {
        var user = $"warm-up-{Guid.NewGuid():N}";
        var token = $"Bearer {tokens.Issue(user).AccessToken}";
        await redis.SetForAsync(EntryLifetime, keys.Data(user, "entry"u8), "A value of some length, \"quoted\"");
        for (var request = 0; request < Requests - 1; request++)
        {
            await (
                (request % 12) switch
                {
                    0 => AskAsync(HttpMethod.Get, "/missing"),
                    1 => AskAsync(HttpMethod.Put, "/missing", """{"value":"warm-up"}"""),
                    2 => AskAsync(HttpMethod.Delete, "/missing"),
                    3 => AskAsync(HttpMethod.Post, "", """{"key":"refused","value":""}"""),
                    _ => AskAsync(HttpMethod.Get, "/entry"),
                }
            );
        }

        await AskAsync(HttpMethod.Delete, "/entry");

        async Task AskAsync(HttpMethod method, string path, string? body = null)
        {
            using var request = new HttpRequestMessage(method, $"/api/data{path}");
            request.Headers.Add("Authorization", token);
            request.Content = body is null ? null : new StringContent(body, null, "application/json");
            using var response = await client.SendAsync(request, cancellation);
        }
    }

    /// <summary>The first address without TLS that this process listens on, by way of the loopback interface if it may.</summary>
    private Uri? OwnAddress()
    {
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var address = addresses
            .Select(BindingAddress.Parse)
            .FirstOrDefault(a => !a.IsUnixPipe && a.Port != options.Http2Port && a.Port != options.ManagementPort);
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

    [LoggerMessage(Level = LogLevel.Information, Message = "Warmed up with {Requests} requests in {Seconds:0.0} s.")]
    private partial void LogWarm(int requests, double seconds);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Not warmed up, so the first requests take longer: {Cause}. If it took too long (TaskCanceledException), raise FastKv__Http__WarmUpSeconds or give the process more CPU."
    )]
    private partial void LogNotWarm(string cause);
}
