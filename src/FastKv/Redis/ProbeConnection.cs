using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>A connection to one server.</summary>
/// <param name="server">Which one.</param>
/// <param name="configuration">How to reach it.</param>
/// <param name="isOtherWay">With TLS, and with any certificate, where the configuration has none, and without where it has it.</param>
internal sealed class ProbeConnection(EndPoint server, ConfigurationOptions configuration, bool isOtherWay = false)
    : IDisposable
{
    /// <summary>First byte of a TLS record that holds an alert (RFC 8446, 5.1): the answer to what is no TLS.</summary>
    private const char TlsAlert = '\x15';

    /// <summary>What a reply of Redis can begin with.</summary>
    private const string ReplyTypes = "+-:$*_#,(!=%~>|";

    /// <summary>Enough for a line of a reply or of an error.</summary>
    private const int MaximumLine = 512;

    /// <summary>More than HELLO answers with.</summary>
    private const int MaximumFields = 16;

    private readonly Socket socket =
        server is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
    private Stream? stream;
    private string? certificateFault;
    private bool isClientCertificateAsked;

    /// <summary>Whether TCP got so far.</summary>
    public bool IsConnected { get; private set; }

    public async Task OpenAsync(CancellationToken cancellation)
    {
        var tunnel = configuration.Tunnel;
        var target = tunnel is null ? server : await tunnel.GetSocketConnectEndpointAsync(server, cancellation);
        await socket.ConnectAsync(target ?? server, cancellation);
        IsConnected = true;
        var tunnelled = tunnel is null
            ? null
            : await tunnel.BeforeAuthenticateAsync(server, ConnectionType.Interactive, socket, cancellation);
        stream = tunnelled ?? new NetworkStream(socket);
        if (configuration.Ssl != isOtherWay)
        {
            var tls = new SslStream(stream);
            stream = tls;
            await tls.AuthenticateAsClientAsync(TlsOptions(), cancellation);
        }
    }

    /// <summary>AUTH, if there is anything to say.</summary>
    public async Task AuthenticateAsync(string? user, string? password, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(user) && string.IsNullOrEmpty(password))
        {
            return;
        }

        try
        {
            string[] command = string.IsNullOrEmpty(user) ? ["AUTH", password!] : ["AUTH", user, password ?? ""];
            await AskAsync(command, cancellation);
        }
        catch (ProbeException reply) when (reply is { IsReply: true, Message: OutageCause.ErrorReply })
        {
            // A Redis without a password does not know AUTH, and works all the same.
        }
    }

    /// <summary>PING.</summary>
    public async Task PingAsync(CancellationToken cancellation)
    {
        if (await AskAsync(["PING"], cancellation) != "+PONG")
        {
            throw new ProbeException(OutageCause.NotRedis);
        }
    }

    /// <summary>Sends a command and reads the first line of its reply.</summary>
    /// <exception cref="ProbeException">It is an error, or no reply of a Redis.</exception>
    private async Task<string> AskAsync(string[] command, CancellationToken cancellation)
    {
        var parts = command.Select(part => $"${Encoding.UTF8.GetByteCount(part)}\r\n{part}\r\n");
        await stream!.WriteAsync(Encoding.UTF8.GetBytes($"*{command.Length}\r\n{string.Concat(parts)}"), cancellation);
        var line = await ReadLineAsync(cancellation);
        return line switch
        {
            [TlsAlert, ..] => throw new ProbeException(OutageCause.TlsRequired),
            ['-', .. var error] => throw new ProbeException(OutageCause.OfErrorReply(error), isReply: true),
            [var type, ..] when ReplyTypes.Contains(type) => line,
            _ => throw new ProbeException(OutageCause.NotRedis),
        };
    }

    /// <summary>
    /// Whether it is a replica, outside a cluster; false if it does not say. ROLE says so too, but needs a right that a service
    /// has no use for.
    /// </summary>
    public async Task<bool> IsLoneReplicaAsync(CancellationToken cancellation)
    {
        string header;
        try
        {
            header = await AskAsync(["HELLO", "2"], cancellation);
        }
        catch (Exception exception) when (exception is ProbeException or IOException)
        {
            // A Redis before 6 or a proxy that does not know the command, or a right is missing.
            return false;
        }

        // A flat list of names and values: server, version, proto, id, mode, role, and then the modules.
        var fields = new Dictionary<string, string>();
        while (header.StartsWith('*') && fields.Count < MaximumFields)
        {
            var name = await ReadValueAsync(cancellation);
            var value = await ReadValueAsync(cancellation);
            fields[name] = value;
            if (name == "role")
            {
                return value is "replica" or "slave" && fields.GetValueOrDefault("mode") != "cluster";
            }
        }

        return false;
    }

    /// <summary>The master of this name, as a Sentinel knows it; null if it knows none.</summary>
    public async Task<EndPoint?> MasterAsync(string serviceName, CancellationToken cancellation)
    {
        if (await AskAsync(["SENTINEL", "get-master-addr-by-name", serviceName], cancellation) != "*2")
        {
            return null;
        }

        var host = await ReadValueAsync(cancellation);
        var port = await ReadValueAsync(cancellation);
        return EndPointCollection.TryParse(host.Contains(':') ? $"[{host}]:{port}" : $"{host}:{port}");
    }

    public string CauseOf(Exception exception) =>
        exception switch
        {
            ProbeException found => found.Message,
            _ when certificateFault is not null => certificateFault,
            OperationCanceledException => IsConnected ? OutageCause.NoAnswer : OutageCause.Unreachable,
            SocketException { SocketErrorCode: var error } when !IsConnected => error switch
            {
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery =>
                    OutageCause.UnknownHost,
                SocketError.ConnectionRefused => OutageCause.ConnectionRefused,
                _ => OutageCause.Unreachable,
            },
            _ when isClientCertificateAsked => OutageCause.ClientCertificateRequired,
            AuthenticationException => OutageCause.TlsFailed,
            _ => OutageCause.ConnectionClosed,
        };

    public void Dispose()
    {
        stream?.Dispose();
        socket.Dispose();
    }

    /// <summary>A short string or a number.</summary>
    private async Task<string> ReadValueAsync(CancellationToken cancellation)
    {
        var line = await ReadLineAsync(cancellation);
        return line.StartsWith('$') ? await ReadLineAsync(cancellation) : line;
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellation)
    {
        var line = new byte[MaximumLine];
        for (var length = 0; length < line.Length; length++)
        {
            // Byte by byte: what comes after the line belongs to the next.
            if (await stream!.ReadAsync(line.AsMemory(length, 1), cancellation) == 0)
            {
                return length == 0 ? throw new EndOfStreamException() : Encoding.ASCII.GetString(line, 0, length);
            }

            if (line[length] == '\n' || (length == 0 && line[0] == TlsAlert))
            {
                return Encoding.ASCII.GetString(line, 0, length + 1).TrimEnd();
            }
        }

        return Encoding.ASCII.GetString(line);
    }

    private SslClientAuthenticationOptions TlsOptions() =>
        new()
        {
            TargetHost = string.IsNullOrWhiteSpace(configuration.SslHost) ? HostOf(server) : configuration.SslHost,
            EnabledSslProtocols = configuration.SslProtocols ?? SslProtocols.None,
            CertificateRevocationCheckMode = configuration.CheckCertificateRevocation
                ? X509RevocationMode.Online
                : X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                isOtherWay || IsTrusted(certificate, chain, errors),
            LocalCertificateSelectionCallback = (_, _, _, remote, _) =>
            {
                isClientCertificateAsked |= remote is not null;
                return ClientCertificate()!;
            },
        };

    private bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var isChainWrong =
            errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && !IsOfNamedIssuer(certificate);
        var isExpired = chain?.ChainStatus.Any(status => status.Status == X509ChainStatusFlags.NotTimeValid) == true;
        certificateFault =
            isExpired ? OutageCause.CertificateExpired
            : isChainWrong ? OutageCause.UntrustedCertificate
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? OutageCause.WrongCertificateName
            : null;
        return certificateFault is null && !errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable);
    }

    /// <summary>Whether it is of the authority that StackExchange.Redis is told to trust beside those of the machine.</summary>
    private static bool IsOfNamedIssuer(X509Certificate? certificate)
    {
        var path = Environment.GetEnvironmentVariable("SERedis_IssuerCertPath");
        if (string.IsNullOrEmpty(path) || !File.Exists(path) || certificate is not X509Certificate2 presented)
        {
            return false;
        }

        using var issuer = X509CertificateLoader.LoadCertificateFromFile(path);
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        chain.ChainPolicy.ExtraStore.Add(issuer);
        return chain.Build(presented)
            && chain.ChainElements.Any(element => element.Certificate.RawData.AsSpan().SequenceEqual(issuer.RawData));
    }

    /// <summary>The certificate that StackExchange.Redis is told to show, if it is.</summary>
    private static X509Certificate2? ClientCertificate()
    {
        var pfx = Environment.GetEnvironmentVariable("SERedis_ClientCertPfxPath");
        var pem = Environment.GetEnvironmentVariable("SERedis_ClientCertPemPath");
        return File.Exists(pfx)
                ? X509CertificateLoader.LoadPkcs12FromFile(
                    pfx,
                    Environment.GetEnvironmentVariable("SERedis_ClientCertPassword")
                )
            : File.Exists(pem)
                ? X509Certificate2.CreateFromPemFile(
                    pem,
                    Environment.GetEnvironmentVariable("SERedis_ClientCertPasswordPath")
                )
            : null;
    }

    private static string HostOf(EndPoint server) =>
        server switch
        {
            DnsEndPoint name => name.Host,
            IPEndPoint address => address.Address.ToString(),
            _ => "",
        };
}

/// <summary>Found out; the message is the cause.</summary>
internal sealed class ProbeException(string cause, bool isReply = false) : Exception(cause)
{
    /// <summary>Whether a Redis said so.</summary>
    public bool IsReply { get; } = isReply;
}
