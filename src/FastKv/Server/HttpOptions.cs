using System.Net;
using FastKv.Configuration;

namespace FastKv.Server;

/// <summary>Settings <c>FastKv__Http__*</c>: further ports, trusted proxies, and how the service stops.</summary>
internal sealed class HttpOptions
{
    /// <summary>A port of its own for HTTP/2 without TLS (RFC 9113, 3.3), on the hosts of ASPNETCORE_URLS. Off if not set.</summary>
    public int? Http2Port { get; set; }

    /// <summary>A port of its own for health and metrics and nothing else, on the hosts of ASPNETCORE_URLS. Off if not set.</summary>
    public int? ManagementPort { get; set; }

    /// <summary>
    /// Addresses and networks (CIDR) of the proxies whose X-Forwarded-For is believed, or unix for one that comes by a unix socket.
    /// From anybody else the header is ignored.
    /// </summary>
    public string[] TrustedProxies { get; set; } = [];

    /// <summary>
    /// Origins (scheme://host:port, as browsers send them) whose pages may use the service, or * for all. None: no answer has a
    /// header of CORS.
    /// </summary>
    public string[] AllowedOrigins { get; set; } = [];

    /// <summary>
    /// Seconds after SIGTERM in which the service is not ready but still serves, so that balancers notice. Ctrl+C skips them.
    /// 0 to 3,600.
    /// </summary>
    public int DrainSeconds { get; set; } = 5;

    /// <summary>Seconds that requests in flight then have until their connections are cut. 1 to 3,600.</summary>
    public int ShutdownSeconds { get; set; } = 20;

    /// <summary>
    /// At most so many seconds the service sends requests to itself before it says that it is ready. 0 (off) to 60. Off in the
    /// environment Development if not set: who tries something out does not want to wait.
    /// </summary>
    public int WarmUpSeconds { get; set; } = 10;

    /// <summary>Whether each request has a line in the log: method, route, status, time and bytes, and never a key.</summary>
    public bool AccessLog { get; set; }

    private const string AnyOrigin = "*";
    private const string UnixSockets = "unix";

    public static HttpOptions From(IConfiguration configuration)
    {
        var options = Setting.Bind<HttpOptions>(configuration, "Http");
        if (configuration[$"{Setting.Root}:Http:{nameof(WarmUpSeconds)}"] is null && IsDevelopment(configuration))
        {
            options.WarmUpSeconds = 0;
        }

        Setting.RequireRange("Http:DrainSeconds", options.DrainSeconds, 0, 3600);
        Setting.RequireRange("Http:ShutdownSeconds", options.ShutdownSeconds, 1, 3600);
        Setting.RequireRange("Http:WarmUpSeconds", options.WarmUpSeconds, 0, 60);
        Setting.RequireRange("Http:Http2Port", options.Http2Port ?? 1, 1, 65_535);
        Setting.RequireRange("Http:ManagementPort", options.ManagementPort ?? 1, 1, 65_535);
        _ = options.TrustedNetworks();
        options.RequireOrigins();
        if (string.Equals(configuration["FORWARDEDHEADERS_ENABLED"], "true", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidSettingException(
                "ASPNETCORE_FORWARDEDHEADERS_ENABLED believes anybody's X-Forwarded-For and must not be set; name the proxies in FastKv__Http__TrustedProxies__0 instead."
            );
        }

        return options;
    }

    /// <summary>Whether any page may use the service.</summary>
    internal bool AllowsAnyOrigin => AllowedOrigins is [AnyOrigin];

    /// <summary>Whether who connects by a unix socket is a trusted proxy.</summary>
    internal bool TrustsUnixSockets => TrustedProxies.Contains(UnixSockets);

    /// <summary>The trusted proxies that have an address; an address is a network of one.</summary>
    public IReadOnlyList<IPNetwork> TrustedNetworks() =>
        [
            .. TrustedProxies
                .Select((proxy, index) => (proxy, index))
                .Where(entry => entry.proxy != UnixSockets)
                .Select(entry => Network(entry.proxy, entry.index)),
        ];

    private void RequireOrigins()
    {
        for (var i = 0; i < AllowedOrigins.Length && !AllowsAnyOrigin; i++)
        {
            if (!IsOrigin(AllowedOrigins[i]))
            {
                throw new InvalidSettingException(
                    $"FastKv__Http__AllowedOrigins__{i} must be an origin as browsers send it, for example https://app.example.com or http://localhost:3000 (lower case, no path, no usual port), or * alone for all."
                );
            }
        }
    }

    /// <summary>Whether it is the serialization of an origin (RFC 6454, 6.2); another text would never match.</summary>
    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.GetLeftPart(UriPartial.Authority) == text
        && uri is { Host.Length: > 0, UserInfo.Length: 0 }
        && uri.HostNameType is not UriHostNameType.Basic
        && text.All(char.IsAscii)
        && !text.Contains('*', StringComparison.Ordinal);

    private static bool IsDevelopment(IConfiguration configuration) =>
        string.Equals(
            configuration[HostDefaults.EnvironmentKey],
            Environments.Development,
            StringComparison.OrdinalIgnoreCase
        );

    private static IPNetwork Network(string text, int index)
    {
        if (IPAddress.TryParse(text, out var address))
        {
            return new IPNetwork(address, address.GetAddressBytes().Length * 8);
        }

        return IPNetwork.TryParse(text, out var network)
            ? network
            : throw new InvalidSettingException(
                $"FastKv__Http__TrustedProxies__{index} must be an address or a network, for example 10.0.0.7 or 10.0.0.0/8, or unix."
            );
    }
}
