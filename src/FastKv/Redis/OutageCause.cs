using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// The words for why Redis can't be used, and what to check. Nothing of what a server sends is in them. Causes without a word
/// here are those of <see cref="StoreUnavailableException.Reason"/>.
/// </summary>
internal static class OutageCause
{
    public const string UnknownHost = "UnknownHost";
    public const string ConnectionRefused = "ConnectionRefused";
    public const string Unreachable = "Unreachable";
    public const string NoAnswer = "NoAnswer";
    public const string ConnectionClosed = "ConnectionClosed";
    public const string TlsRequired = "TlsRequired";
    public const string TlsNotSupported = "TlsNotSupported";
    public const string TlsFailed = "TlsFailed";
    public const string ClientCertificateRequired = "ClientCertificateRequired";
    public const string UntrustedCertificate = "UntrustedCertificate";
    public const string CertificateExpired = "CertificateExpired";
    public const string WrongCertificateName = "WrongCertificateName";
    public const string NotRedis = "NotRedis";
    public const string PasswordRequired = "PasswordRequired";
    public const string WrongPassword = "WrongPassword";
    public const string NoPermission = "NoPermission";
    public const string ProtectedMode = "ProtectedMode";
    public const string TooManyConnections = "TooManyConnections";
    public const string UnknownServiceName = "UnknownServiceName";
    public const string ErrorReply = "ErrorReply";

    /// <summary>The reason of <see cref="StoreFault"/> for a command that no server would take: all that are there are replicas.</summary>
    private const string CommandNotSent = "CommandNotSent";

    /// <summary>What an operator should look at, in a sentence or two.</summary>
    public static string AdviceFor(string cause) =>
        cause switch
        {
            UnknownHost => "The name of the host can't be resolved: check it in ConnectionStrings__Redis, and DNS.",
            ConnectionRefused => "Nothing listens there: check host and port, and that Redis is up.",
            Unreachable =>
                "Nothing answers at this address: check host and port, routes, firewalls and network policies; on a slow link set connectTimeout.",
            NoAnswer =>
                "The connection is accepted and then nothing is answered: Redis is frozen or overloaded, or the port belongs to something else; on a slow link set connectTimeout.",
            ConnectionClosed =>
                "The connection is accepted and closed at once: check what listens there, and the log of Redis.",
            TlsRequired => "The server speaks TLS only: use a rediss:// URL, or ssl=true.",
            TlsNotSupported =>
                "The server speaks no TLS on this port: check the port, or use a redis:// URL or ssl=false.",
            TlsFailed => "The TLS handshake failed: check sslProtocols, and what the server demands.",
            ClientCertificateRequired =>
                "The server asks for a certificate of the client: set tls-auth-clients no in Redis, or give one (SERedis_ClientCertPfxPath).",
            UntrustedCertificate =>
                "The certificate of the server is of no authority that is trusted: set SERedis_IssuerCertPath or SSL_CERT_FILE to that of its authority.",
            CertificateExpired =>
                "The certificate of the server is not valid at this time: renew it, and check the clocks.",
            WrongCertificateName =>
                "The certificate of the server is for another name: use that name for the host, or set sslHost to it.",
            NotRedis => "What answers there is no Redis: check host and port.",
            PasswordRequired =>
                "Redis asks for a password and ConnectionStrings__Redis has none: add user and password.",
            WrongPassword =>
                "Redis refuses the user or the password: check both in ConnectionStrings__Redis (in a URL they are percent-encoded).",
            NoPermission =>
                "The Redis user lacks a right: ACL LOG on Redis names it, docs/operations.md has the rights that are needed.",
            ProtectedMode => "Redis is in protected mode: set a password for it, or protected-mode no.",
            TooManyConnections => "Redis has as many connections as it takes: raise maxclients, or look for a leak.",
            UnknownServiceName =>
                "The Sentinels know no master of this name, or none that is up: check serviceName and the Sentinels.",
            nameof(RedisErrorKind.Loading) => "Redis is loading its data: wait.",
            nameof(RedisErrorKind.ReadOnly) =>
                "The server is a replica and takes no writes: check the failover, and that the address is that of the master.",
            nameof(RedisErrorKind.OutOfMemory) => "Redis is at its maxmemory: give it more, or remove data.",
            nameof(RedisErrorKind.Misconfigured) => "Redis can't write to its disk: look at its log and its disk.",
            nameof(RedisErrorKind.ClusterDown) => "The cluster is not whole: look at CLUSTER INFO and CLUSTER NODES.",
            nameof(RedisErrorKind.MasterDown) => "The server is a replica without its master: look at the failover.",
            nameof(RedisErrorKind.NoReplicas) => "Redis misses the replicas that min-replicas-to-write demands.",
            nameof(RedisErrorKind.Busy) => "Redis is busy with a script: look at its log.",
            nameof(RedisErrorKind.UnknownCommand) =>
                "Redis does not know a command that is needed: look at rename-command, and at what the hosted service leaves out.",
            ErrorReply => "Redis refuses to work: look at its log.",
            _ => "Check ConnectionStrings__Redis, that Redis is up and reachable, and its log.",
        };

    /// <summary>The word for an outage that a command met: the same as for one that a connection meets.</summary>
    public static string OfReason(string reason) =>
        reason switch
        {
            nameof(RedisErrorKind.NoAuth) => PasswordRequired,
            nameof(RedisErrorKind.WrongPass) => WrongPassword,
            nameof(RedisErrorKind.NotPermitted) => NoPermission,
            nameof(RedisErrorKind.MaxClients) => TooManyConnections,
            CommandNotSent => nameof(RedisErrorKind.ReadOnly),
            _ => reason,
        };

    /// <summary>
    /// Whether it is what Redis itself says, and will say until somebody does something: not the lack of an answer, and no
    /// redirection within a cluster.
    /// </summary>
    public static bool IsReply(string reason) =>
        reason
            is CommandNotSent
                or nameof(RedisErrorKind.Loading)
                or nameof(RedisErrorKind.ClusterDown)
                or nameof(RedisErrorKind.MasterDown)
                or nameof(RedisErrorKind.NoReplicas)
                or nameof(RedisErrorKind.Misconfigured)
                or nameof(RedisErrorKind.OutOfMemory)
                or nameof(RedisErrorKind.Busy)
                or nameof(RedisErrorKind.MaxClients)
                or nameof(RedisErrorKind.NoAuth)
                or nameof(RedisErrorKind.WrongPass)
                or nameof(RedisErrorKind.NoPermission)
                or nameof(RedisErrorKind.NotPermitted)
                or nameof(RedisErrorKind.UnknownCommand)
                or nameof(RedisErrorKind.ReadOnly);

    /// <summary>The word for an error reply (RESP: <c>WORD text</c>, without the minus).</summary>
    public static string OfErrorReply(string error) =>
        error.Split(' ')[0] switch
        {
            "NOAUTH" => PasswordRequired,
            "WRONGPASS" => WrongPassword,
            "NOPERM" => NoPermission,
            "DENIED" => ProtectedMode,
            "LOADING" => nameof(RedisErrorKind.Loading),
            "READONLY" => nameof(RedisErrorKind.ReadOnly),
            "OOM" => nameof(RedisErrorKind.OutOfMemory),
            "MISCONF" => nameof(RedisErrorKind.Misconfigured),
            "CLUSTERDOWN" => nameof(RedisErrorKind.ClusterDown),
            "MASTERDOWN" => nameof(RedisErrorKind.MasterDown),
            "BUSY" => nameof(RedisErrorKind.Busy),
            // Redis before 6, and the limit on clients.
            "ERR" when error.Contains("invalid password", StringComparison.OrdinalIgnoreCase) => WrongPassword,
            "ERR" when error.Contains("max number of clients", StringComparison.OrdinalIgnoreCase) =>
                TooManyConnections,
            _ => ErrorReply,
        };
}
