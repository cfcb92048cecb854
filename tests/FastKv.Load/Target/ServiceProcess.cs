using System.Diagnostics;

namespace FastKv.Load.Target;

/// <summary>A running FastKv, or anything else that answers HTTP, that this tool started.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(10);

    private ServiceProcess(ChildProcess process, Uri http1, Uri http2)
    {
        Process = process;
        Http1 = http1;
        Http2 = http2;
    }

    public ChildProcess Process { get; }

    public Uri Http1 { get; }

    /// <summary>The same service on the port that speaks HTTP/2 without TLS.</summary>
    public Uri Http2 { get; }

    /// <summary>Starts a .NET assembly and waits until <paramref name="readyPath"/> answers 200.</summary>
    /// <param name="describe">Arguments and environment for the two ports that were chosen.</param>
    public static async Task<ServiceProcess> StartAsync(
        string assembly,
        Func<int, int, (IEnumerable<string> Arguments, IReadOnlyDictionary<string, string> Environment)> describe,
        string readyPath,
        string? cores,
        CancellationToken cancellation
    )
    {
        var (port, http2Port) = (FreePort.Next(), FreePort.Next());
        var (arguments, environment) = describe(port, http2Port);
        var process = ChildProcess.Start(
            "dotnet",
            [assembly, .. arguments],
            cores,
            environment,
            Path.GetDirectoryName(assembly)
        );
        var service = new ServiceProcess(
            process,
            new Uri($"http://127.0.0.1:{port}"),
            new Uri($"http://127.0.0.1:{http2Port}")
        );
        try
        {
            await service.WaitUntilReadyAsync(readyPath, cancellation);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private async Task WaitUntilReadyAsync(string path, CancellationToken cancellation)
    {
        using var client = HttpClients.Create(Http1, http2: false, connections: 1, TimeSpan.FromSeconds(2));
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < ReadyLimit)
        {
            Process.ThrowIfEnded();
            if (await IsReadyAsync(client, path, cancellation))
            {
                return;
            }

            await Task.Delay(PollEvery, cancellation);
        }

        throw new TimeoutException(
            $"The service was not ready within {ReadyLimit.TotalSeconds} s: {Process.LastLines}"
        );
    }

    private static async Task<bool> IsReadyAsync(HttpClient client, string path, CancellationToken cancellation)
    {
        try
        {
            using var response = await client.GetAsync(new Uri(path, UriKind.Relative), cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
