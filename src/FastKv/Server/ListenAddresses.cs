using System.Globalization;
using System.Net;
using System.Net.Sockets;
using FastKv.Configuration;

namespace FastKv.Server;

/// <summary>Where the service listens: the addresses of ASPNETCORE_URLS, and the further ports on the same hosts.</summary>
internal static class ListenAddresses
{
    public const string DefaultUrl = "http://localhost:8080";
    private const string Variable = "ASPNETCORE_URLS";
    private const string Scheme = "http://";

    // The system chooses one; two interfaces (localhost) can't be given the same one.
    private const int AnyFreePort = 0;
    private const string UnixSocketUrl = Scheme + "unix:";

    /// <summary>All addresses, checked: they can be read, and no two are the same.</summary>
    /// <exception cref="InvalidSettingException">One of that is not so.</exception>
    public static string[] From(IConfiguration configuration, HttpOptions options)
    {
        var sockets = new List<string>();
        var hosts = new List<(string Host, int Port)>();
        var (variable, urls) = Urls(configuration);
        foreach (var url in urls)
        {
            if (IsUnixSocket(url))
            {
                sockets.Add(url);
            }
            else
            {
                hosts.Add(Parse(url, variable));
            }
        }

        var more = new[] { options.Http2Port, options.ManagementPort }.OfType<int>().ToArray();
        var all = hosts.Concat(
            from host in hosts.Select(listener => listener.Host).Distinct()
            from port in more
            select (Host: host, Port: port)
        );
        var listeners = all.ToArray();
        var named = listeners.Where(listener => listener.Port != AnyFreePort).ToArray();
        if (named.Distinct().Count() != named.Length)
        {
            throw new InvalidSettingException(
                "ASPNETCORE_URLS, FastKv__Http__Http2Port and FastKv__Http__ManagementPort name a port twice; give each a port of its own."
            );
        }

        return [.. sockets, .. listeners.Select(listener => $"{Scheme}{listener.Host}:{listener.Port}")];
    }

    /// <summary>Sees to it that the server can listen there: nobody else does, and this user may.</summary>
    /// <param name="urls">What <see cref="From"/> has returned.</param>
    /// <exception cref="InvalidSettingException">It can't.</exception>
    public static void Prepare(IEnumerable<string> urls)
    {
        foreach (var url in urls)
        {
            if (IsUnixSocket(url))
            {
                UnixSocket.Prepare(url[UnixSocketUrl.Length..]);
            }
            else if (Parse(url, Variable) is { Port: not AnyFreePort } listener)
            {
                RequireFree(listener.Host, listener.Port);
            }
        }
    }

    private static bool IsUnixSocket(string url) =>
        url.StartsWith(UnixSocketUrl + "/", StringComparison.OrdinalIgnoreCase);

    private static (string Variable, string[] Urls) Urls(IConfiguration configuration)
    {
        var urls = Split(configuration["URLS"]);
        var ports = Split(configuration["HTTP_PORTS"]);
        return urls.Length > 0 ? (Variable, urls)
            : ports.Length > 0 ? ("ASPNETCORE_HTTP_PORTS", [.. ports.Select(port => $"{Scheme}*:{port}")])
            : (Variable, [DefaultUrl]);
    }

    private static string[] Split(string? list) =>
        list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private static (string Host, int Port) Parse(string url, string variable)
    {
        var authority = url.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? url[Scheme.Length..].TrimEnd('/')
            : "";
        var colon = authority.LastIndexOf(':');
        var hasPort = colon > authority.LastIndexOf(']');
        var host = hasPort ? authority[..colon] : authority;
        var port = 80;
        if (
            (host is not ("*" or "+") && Uri.CheckHostName(host) == UriHostNameType.Unknown)
            || (
                hasPort
                && !int.TryParse(authority[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port)
            )
            || port > 65_535
            || (port == AnyFreePort && IsLocalhost(host))
        )
        {
            throw new InvalidSettingException(
                $"{variable} has an address that can't be used, {url}; set ASPNETCORE_URLS to http://host:port, for example http://localhost:8080 or http://*:8080, with ; between several (TLS ends in front of FastKv)."
            );
        }

        return (host, port);
    }

    private static bool IsLocalhost(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase);

    // The server would find out too, but with a stack trace in the log.
    private static void RequireFree(string host, int port)
    {
        var isLocalhost = IsLocalhost(host);
        var addresses =
            isLocalhost ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
            : IPAddress.TryParse(host, out var address) ? [address]
            : new[] { Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any };
        foreach (var candidate in addresses)
        {
            try
            {
                using var socket = new Socket(candidate.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                if (candidate.Equals(IPAddress.IPv6Any))
                {
                    socket.DualMode = true;
                }

                socket.Bind(new IPEndPoint(candidate, port));
                socket.Listen();
            }
            catch (SocketException taken)
                when (taken.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
                var reason =
                    taken.SocketErrorCode == SocketError.AccessDenied
                        ? "this user may not listen there"
                        : "another program listens there";
                throw new InvalidSettingException(
                    $"FastKv can't listen on {host}:{port}, because {reason}; set ASPNETCORE_URLS (or FastKv__Http__Http2Port, FastKv__Http__ManagementPort) to a port that is free."
                );
            }
            catch (SocketException) when (isLocalhost || addresses[0].Equals(IPAddress.IPv6Any))
            {
                // A machine may have one of the two protocols only; the server then uses the other.
            }
            catch (SocketException)
            {
                throw new InvalidSettingException(
                    $"FastKv can't listen on {host}:{port}, because this machine has no such address; set ASPNETCORE_URLS to one that it has, or to http://*:{port}."
                );
            }
        }
    }
}
