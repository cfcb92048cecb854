using System.Net;
using System.Net.Sockets;

namespace FastKv.Server;

/// <summary>Who a request comes from, as far as limits are concerned.</summary>
internal static class ClientAddress
{
    private const int BytesOfNetwork = 8;

    /// <summary>
    /// The IPv4 address, or the first 64 bits of the IPv6 address: whoever has one of those has them all (RFC 6177). Behind a
    /// trusted proxy it is the proxy's client. Null for a client of a unix socket whom nobody names: there is nothing to tell one from
    /// another, and all of them would share one limit.
    /// </summary>
    public static string? Of(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        if (address is null)
        {
            return null;
        }

        if (address.IsIPv4MappedToIPv6 || address.AddressFamily == AddressFamily.InterNetwork)
        {
            return address.MapToIPv4().ToString();
        }

        var network = address.GetAddressBytes();
        network.AsSpan(BytesOfNetwork).Clear();
        return new IPAddress(network).ToString();
    }
}
