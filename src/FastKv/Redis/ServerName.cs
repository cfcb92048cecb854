using System.Net;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>How the log names a server: as the connection string does.</summary>
internal static class ServerName
{
    public static string Of(EndPoint server) =>
        server is DnsEndPoint name ? $"{name.Host}:{name.Port}" : EndPointCollection.ToString(server);
}
