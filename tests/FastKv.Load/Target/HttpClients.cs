using System.Net;

namespace FastKv.Load.Target;

/// <summary>HTTP clients that go straight to the target: no redirect, no proxy, no cookies, bounded connections.</summary>
internal static class HttpClients
{
    public static HttpClient Create(Uri target, bool http2, int connections, TimeSpan timeout) =>
        new(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseProxy = false,
                UseCookies = false,
                MaxConnectionsPerServer = connections,
                EnableMultipleHttp2Connections = true,
                ConnectTimeout = timeout,
            }
        )
        {
            BaseAddress = target,
            Timeout = timeout,
            DefaultRequestVersion = http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
}
