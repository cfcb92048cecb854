using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace FastKv.Server;

/// <summary>
/// HTTP/1.1 and HTTP/2 in a Kestrel each. What Kestrel allows of headers is a setting of a whole server, and what is right for
/// HTTP/1.1 makes it end an HTTP/2 connection, with every stream on it, because of one of them.
/// </summary>
internal sealed class CompositeServer : IServer
{
    private readonly IServer http1;
    private readonly IServer http2;
    private readonly int http2Port;
    private readonly ServerAddressesFeature addresses = new();

    public CompositeServer(IServer http1, IServer http2, int http2Port)
    {
        this.http1 = http1;
        this.http2 = http2;
        this.http2Port = http2Port;
        Features.Set<IServerAddressesFeature>(addresses);
    }

    public IFeatureCollection Features { get; } = new FeatureCollection();

    public async Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        var (first, second) = (AddressesOf(http1), AddressesOf(http2));
        foreach (var address in addresses.Addresses)
        {
            var parsed = BindingAddress.Parse(address);
            (!parsed.IsUnixPipe && parsed.Port == http2Port ? second : first).Add(address);
        }

        await http1.StartAsync(application, cancellationToken);
        await http2.StartAsync(application, cancellationToken);

        // As they are now: a port 0 has become the one that the system chose.
        addresses.Addresses.Clear();
        foreach (var address in AddressesOf(http1).Concat(AddressesOf(http2)))
        {
            addresses.Addresses.Add(address);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(http1.StopAsync(cancellationToken), http2.StopAsync(cancellationToken));

    public void Dispose()
    {
        http1.Dispose();
        http2.Dispose();
    }

    private static ICollection<string> AddressesOf(IServer server) =>
        server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;
}
