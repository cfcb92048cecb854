using System.Collections.Concurrent;
using FastKv.Tests.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FastKv.Tests.Lifecycle;

/// <summary>
/// A reverse proxy with keep-alive connections that sends requests by turns to the services that say that they are ready. It asks
/// each ten times a second, and it never repeats a request.
/// </summary>
internal sealed class Balancer : IAsyncDisposable
{
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(100);
    private static readonly string[] Forwarded = ["Authorization"];

    private readonly ConcurrentDictionary<Uri, bool> services = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly HttpMessageInvoker client = new(
        new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }
    );
    private readonly WebApplication app;
    private Task probing = Task.CompletedTask;
    private int turn;

    private Balancer(WebApplication app, Uri address)
    {
        this.app = app;
        Address = address;
    }

    public Uri Address { get; }

    public static async Task<Balancer> StartAsync(params Uri[] services)
    {
        var address = new Uri($"http://127.0.0.1:{Wait.FreePort()}");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(address.ToString());
        var balancer = new Balancer(builder.Build(), address);
        foreach (var service in services)
        {
            balancer.services[service] = true;
        }

        balancer.app.Run(balancer.ForwardAsync);
        await balancer.app.StartAsync();
        balancer.probing = balancer.ProbeAsync();
        return balancer;
    }

    public void Add(Uri service) => services[service] = false;

    public void Remove(Uri service) => services.TryRemove(service, out _);

    public bool IsReady(Uri service) => services.GetValueOrDefault(service);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await probing;
        await app.DisposeAsync();
        client.Dispose();
        stopping.Dispose();
    }

    private async Task ProbeAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            foreach (var service in services.Keys)
            {
                using var api = new ApiClient(service);
                var ready = await api.IsReadyAsync();
                services.TryUpdate(service, ready, !ready);
            }

            await Task.Delay(ProbeInterval, CancellationToken.None);
        }
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var ready = services.Where(service => service.Value).Select(service => service.Key).ToArray();
        if (ready.Length == 0)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        var target = ready[(uint)Interlocked.Increment(ref turn) % ready.Length];
        using var request = new HttpRequestMessage(
            new HttpMethod(context.Request.Method),
            new Uri(target, context.Request.Path + context.Request.QueryString)
        );
        if (context.Request.ContentLength > 0)
        {
            request.Content = new StreamContent(context.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
            request.Content.Headers.ContentLength = context.Request.ContentLength;
        }

        foreach (var name in Forwarded)
        {
            request.Headers.TryAddWithoutValidation(name, context.Request.Headers[name].ToArray());
        }

        HttpResponseMessage response;
        try
        {
            response = await client.SendAsync(request, CancellationToken.None);
        }
        catch (HttpRequestException failure)
        {
            context.Response.StatusCode = StatusCodes.Status502BadGateway;
            await context.Response.WriteAsync($"{failure.Message} {failure.InnerException?.Message}");
            return;
        }

        using (response)
        {
            context.Response.StatusCode = (int)response.StatusCode;
            context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
            context.Response.ContentLength = response.Content.Headers.ContentLength;
            await response.Content.CopyToAsync(context.Response.Body);
        }
    }
}
