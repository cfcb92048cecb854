using System.Globalization;
using System.Net;
using System.Net.Sockets;
using FastKv.Configuration;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Reads <c>ConnectionStrings__Redis</c>: the form of StackExchange.Redis, or a <c>redis://</c> or <c>rediss://</c> URL as hosted
/// services hand it out. What looks neither like a server nor like an option is refused: it may be a part of a password, and the
/// names of servers are logged and exported. For the same reason no refusal repeats anything of the string.
/// </summary>
internal sealed class RedisConnectionString
{
    private const string Setting = "ConnectionStrings__Redis";
    private const int DefaultPort = 6379;
    private const int DefaultSentinelPort = 26379;

    /// <summary>StackExchange.Redis's own default for TLS; that of a URL is <see cref="DefaultPort"/> in any case.</summary>
    private const int DefaultTlsPort = 6380;

    private const string UnreadableList =
        "can't be read; write it as StackExchange.Redis does, for example redis:6379,user=fastkv,password=secret,ssl=true, or as a URL, for example rediss://fastkv:secret@redis:6379/0";

    private const string UnreadableQuery =
        "is a URL whose query can't be read; only db and options of StackExchange.Redis may stand there, for example ?connectTimeout=5000";

    private readonly HashSet<string> options;

    private RedisConnectionString(ConfigurationOptions configuration, HashSet<string> options) =>
        (Configuration, this.options) = (configuration, options);

    /// <summary>What the string says; every server has a port.</summary>
    public ConfigurationOptions Configuration { get; }

    /// <summary>Whether the string itself sets an option, by StackExchange.Redis's name for it.</summary>
    public bool Sets(string option) => options.Contains(option);

    /// <summary>Whether the string itself renames or disables commands (<c>$GET=…</c>).</summary>
    public bool MapsCommands => options.Any(option => option.StartsWith('$'));

    /// <exception cref="InvalidSettingException">The string can't be read.</exception>
    public static RedisConnectionString Parse(string text) =>
        text.Trim() is var trimmed && SchemeOf(trimmed) is { } scheme
            ? OfUrl(scheme, trimmed[(scheme.Length + "://".Length)..])
            : OfList(trimmed);

    /// <summary>What stands in front of <c>://</c>, if the string begins like a URL.</summary>
    private static string? SchemeOf(string text) =>
        text.IndexOf("://", StringComparison.Ordinal) is > 0 and var end
        && text[..end].All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.')
            ? text[..end]
            : null;

    private static RedisConnectionString OfList(string list, int? defaultPort = null, string? orElse = null)
    {
        var options = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var hasServer = false;
        foreach (var part in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.IndexOf('=', StringComparison.Ordinal) is > 0 and var end)
            {
                options.Add(part[..end].Trim());
            }
            else if (!IsServer(part) || options.Contains("password") || options.Contains("sentinelPassword"))
            {
                // The rest of a password that was split at its comma can look like the name of a server.
                throw Refusal(
                    "has a part that is neither host:port in front of the password nor an option; a password that holds a comma can only be given in a URL, for example redis://user:password@host:6379 with the comma written as %2C"
                );
            }
            else
            {
                hasServer = true;
            }
        }

        if (!hasServer)
        {
            throw Refusal("names no server; set it to at least one host:port, for example redis:6379");
        }

        ConfigurationOptions configuration;
        try
        {
            configuration = ConfigurationOptions.Parse(list);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException)
        {
            // Its message repeats what it could not read.
            throw Refusal(orElse ?? UnreadableList);
        }

        FillPorts(configuration, defaultPort ?? (configuration.Ssl ? DefaultTlsPort : DefaultPort));
        return new RedisConnectionString(configuration, options);
    }

    // scheme://[[user]:password@]host[:port][/database][?option=value&…], every part percent-encoded (RFC 3986).
    private static RedisConnectionString OfUrl(string scheme, string rest)
    {
        var isTls = scheme.ToLowerInvariant() switch
        {
            "redis" => false,
            "rediss" => true,
            _ => throw Refusal("is a URL of another kind; it must begin with redis:// or rediss:// (TLS)"),
        };
        var (beforeQuery, query) = Cut(rest, '?');
        var (authority, database) = Cut(beforeQuery, '/');
        var end = authority.LastIndexOf('@');
        var server = authority[(end + 1)..];
        if (!IsServer(server) || server[0] == '!' || !database.All(char.IsAsciiDigit))
        {
            throw Refusal(
                "is a URL that can't be read; write it as redis://user:password@host:port/database, with every : / ? @ and % of the user and the password percent-encoded"
            );
        }

        var options = OptionsOf(query, ref database);
        // The scheme decides, also for addresses that StackExchange.Redis takes for TLS by itself.
        var parsed = OfList($"{server},ssl={isTls}{options}", DefaultPort, UnreadableQuery);
        var configuration = parsed.Configuration;

        // A single word in front of the @ is a password, as redis-cli reads it.
        var userInfo = authority[..Math.Max(end, 0)];
        var (user, password) = userInfo.Contains(':') ? Cut(userInfo, ':') : ("", userInfo);
        configuration.User = user.Length > 0 ? Uri.UnescapeDataString(user) : null;
        configuration.Password = password.Length > 0 ? Uri.UnescapeDataString(password) : null;
        configuration.DefaultDatabase = database.Length > 0 ? NumberOf(database) : null;
        return parsed;
    }

    /// <summary>The query of a URL as a list of StackExchange.Redis's options; <c>db</c> is another way to name the database.</summary>
    private static string OptionsOf(string query, ref string database)
    {
        var list = "";
        foreach (var option in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = Cut(option, '=');
            value = Uri.UnescapeDataString(value);
            if (name.Equals("db", StringComparison.OrdinalIgnoreCase) && value.All(char.IsAsciiDigit))
            {
                database = value;
            }
            else if (
                !name.All(char.IsAsciiLetter)
                || value.Length == 0
                || value.Contains(',')
                || name.ToLowerInvariant() is "db" or "user" or "password" or "ssl" or "defaultdatabase"
            )
            {
                throw Refusal(UnreadableQuery);
            }
            else
            {
                list += $",{name}={value}";
            }
        }

        return list;
    }

    private static int NumberOf(string digits) =>
        int.TryParse(digits, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Refusal("names a database that is no number of one");

    private static void FillPorts(ConfigurationOptions configuration, int port)
    {
        for (var i = 0; i < configuration.EndPoints.Count; i++)
        {
            configuration.EndPoints[i] = WithPort(
                configuration.EndPoints[i],
                configuration.ServiceName is null ? port : DefaultSentinelPort
            );
        }
    }

    private static EndPoint WithPort(EndPoint server, int port) =>
        server switch
        {
            DnsEndPoint { Port: 0 } name => new DnsEndPoint(name.Host, port),
            IPEndPoint { Port: 0 } address => new IPEndPoint(address.Address, port),
            _ => server,
        };

    /// <summary>host, host:port, an IPv6 address with or without brackets, or <c>!</c> and the path of a Unix socket.</summary>
    private static bool IsServer(string text)
    {
        if (text.StartsWith('!'))
        {
            return text.Length is > 2 and < 100 && text[1] is '/' or '@';
        }

        if (text.StartsWith('['))
        {
            var (address, port) = Cut(text[1..], ']');
            return IsIPv6(address) && text.Contains(']') && (port.Length == 0 || port[0] == ':' && IsPort(port[1..]));
        }

        var (host, rest) = Cut(text, ':');
        return IsIPv6(text) || IsHost(host) && (!text.Contains(':') || IsPort(rest));
    }

    private static bool IsIPv6(string text) =>
        IPAddress.TryParse(text, out var address)
        && address.AddressFamily == AddressFamily.InterNetworkV6
        && !text.Contains('[');

    private static bool IsPort(string text) =>
        text.Length is > 0 and < 6
        && text.All(char.IsAsciiDigit)
        && int.Parse(text, CultureInfo.InvariantCulture) is > 0 and < 65536;

    private static bool IsHost(string text) =>
        text.Length is > 0 and < 254
        && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static (string Before, string After) Cut(string text, char at) =>
        text.IndexOf(at, StringComparison.Ordinal) is >= 0 and var end ? (text[..end], text[(end + 1)..]) : (text, "");

    private static InvalidSettingException Refusal(string what) => new($"{Setting} {what}.");
}
