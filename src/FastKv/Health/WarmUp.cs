using System.Net;
using FastKv.Auth;
using FastKv.Redis;
using FastKv.Server;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace FastKv.Health;

/// <summary>
/// Sends requests to its own address before the service says that it is ready, so that the first users do not pay for the
/// just-in-time compiler. It asks for, updates and deletes keys that do not exist, of a user who does not exist, so it leaves
/// no trace in the data.
/// </summary>
internal sealed class WarmUp(
    IServer server,
    AccessTokens tokens,
    RedisCommands redis,
    RedisKeys keys,
    HttpOptions options,
    IHostApplicationLifetime lifetime
) : BackgroundService
{
    /// <summary>Enough for the compiler to have optimized what a request runs through.</summary>
    private const int Requests = 40_000;
    private const int Connections = 16;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private volatile bool isDone = options.WarmUpSeconds == 0;
    private int sent;

    /// <summary>Whether the service has warmed up, or gave up trying.</summary>
    public bool IsDone => isDone;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await StartedAsync(stoppingToken);
            while (!isDone && !await redis.ProbeAsync(keys.Probe))
            {
                await Task.Delay(PollInterval, stoppingToken);
            }

            if (!isDone && OwnAddress() is { } address)
            {
                using var bound = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                bound.CancelAfter(TimeSpan.FromSeconds(options.WarmUpSeconds));
                await AskAsync(address, bound.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or HttpRequestException)
        {
            // A service that could not warm up is slower for a while, and serves all the same.
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

    private async Task AskAsync(Uri address, CancellationToken cancellation)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null })
        {
            BaseAddress = address,
        };
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {tokens.Issue($"warm-up-{Guid.NewGuid():N}")}");

        // Not sampled (W3C Trace Context, 3.2): nobody wants to read these traces.
        client.DefaultRequestHeaders.Add(
            "traceparent",
            $"00-{Guid.NewGuid():N}-{Random.Shared.NextInt64(1, long.MaxValue):x16}-00"
        );
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => KeepAskingAsync(client, cancellation)));
    }

    private async Task KeepAskingAsync(HttpClient client, CancellationToken cancellation)
    {
        while (Interlocked.Increment(ref sent) is var number && number <= Requests)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/data/{number}");
            if (number % 10 == 0)
            {
                request.Method = HttpMethod.Delete;
            }
            else if (number % 10 == 1)
            {
                request.Method = HttpMethod.Put;
                request.Content = new ByteArrayContent("""{"value":"warm-up"}"""u8.ToArray());
                request.Content.Headers.Add("Content-Type", "application/json");
            }

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
}
