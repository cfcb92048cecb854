namespace FastKv.Configuration;

/// <summary>Settings <c>FastKv__Limits__*</c>: what one client, one user and all of them together may use.</summary>
internal sealed class LimitOptions
{
    /// <summary>
    /// MiB that all requests together may hold for what is large (bodies, values, answers of more than 16 KiB); a request that finds
    /// no room is answered 503 at once. 8 to 1,048,576. A quarter of the memory that the process may use, at most 1,024.
    /// </summary>
    public int RequestMemoryMiB { get; set; } = (int)Math.Clamp(AvailableMemory / 4 / MiB, 8, 1024);

    /// <summary>
    /// Requests in flight; one more is answered 503 at once. 1 to 1,000,000. Each may hold 16 KiB without asking: as many as take an
    /// eighth of the memory that the process may use, at most 4,096.
    /// </summary>
    public int MaxConcurrentRequests { get; set; } = (int)Math.Clamp(AvailableMemory / 8 / UnreservedBytes, 256, 4096);

    /// <summary>
    /// Open connections; one more is closed at once. 1 to 1,000,000. The server holds up to 72 KiB for one that sends what nobody
    /// reads or asks for what it does not take: as many as take a third of the memory that the process may use, at most 20,000.
    /// </summary>
    public int MaxConnections { get; set; } = (int)Math.Clamp(AvailableMemory / 3 / BytesOfConnection, 256, 20_000);

    /// <summary>Operations on data that a user may do each second at each replica; beyond: 429. 0 (off) to 1,000,000.</summary>
    public int DataRequestsPerSecondPerUser { get; set; }

    /// <summary>
    /// Entries that one user may have; one more is refused with 403. What was there before the limit was set stays. 0 (off) to
    /// 100,000,000.
    /// </summary>
    public int KeysPerUser { get; set; }

    /// <summary>Registrations that a client address may send within an hour; beyond: 429. 0 (off) to 1,000,000.</summary>
    public int RegistrationsPerHourPerAddress { get; set; }

    /// <summary>Failed logins with one username within the window; beyond: 429. 0 (off) to 1,000,000.</summary>
    public int FailedLoginsPerUsername { get; set; } = 10;

    /// <summary>Failed logins from one client address within the window; beyond: 429. 0 (off) to 1,000,000.</summary>
    public int FailedLoginsPerAddress { get; set; } = 100;

    /// <summary>Seconds from the first failed login until the count begins anew. 1 to 86,400.</summary>
    public int FailedLoginWindowSeconds { get; set; } = 900;

    /// <summary>Bytes of all headers of a request together; beyond: 431. 4,096 to 1,048,576.</summary>
    public int MaxHeaderBytes { get; set; } = 32 * 1024;

    /// <summary>Headers of a request; beyond: 431. 10 to 1,000.</summary>
    public int MaxHeaders { get; set; } = 100;

    /// <summary>Seconds within which the headers of a request must be there; beyond: 408. 1 to 600.</summary>
    public int HeaderTimeoutSeconds { get; set; } = 15;

    /// <summary>Seconds that a connection may be idle between two requests. 1 to 86,400.</summary>
    public int KeepAliveTimeoutSeconds { get; set; } = 130;

    /// <summary>
    /// Bytes a second that a client must send of a body and must read of an answer; a slower one is cut off. 0 (off) to 1,000,000.
    /// </summary>
    public int MinBytesPerSecond { get; set; } = 4096;

    /// <summary>Seconds before <see cref="MinBytesPerSecond"/> is demanded. 2 to 600.</summary>
    public int MinBytesGraceSeconds { get; set; } = 5;

    /// <summary>Streams that are open at once on one HTTP/2 connection; beyond: refused. 1 to 10,000.</summary>
    public int Http2MaxStreams { get; set; } = 100;

    private const int MiB = 1024 * 1024;

    // What a request may hold without asking (RequestMemory).
    private const int UnreservedBytes = 16 * 1024;

    // The server's buffers of a connection, in and out (ServerSetup).
    private const int BytesOfConnection = 72 * 1024;

    /// <summary>Bytes: the limit of the container or of the garbage collector, or the machine's memory.</summary>
    private static long AvailableMemory => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Whether <see cref="MaxConnections"/> was set, and is not what follows from the memory.</summary>
    internal bool IsMaxConnectionsSet { get; private set; }

    public static LimitOptions From(IConfiguration configuration)
    {
        var options = Setting.Bind<LimitOptions>(configuration, "Limits");
        options.IsMaxConnectionsSet = configuration[$"{Setting.Root}:Limits:{nameof(MaxConnections)}"] is not null;
        Require(nameof(RequestMemoryMiB), options.RequestMemoryMiB, 8, 1_048_576);
        Require(nameof(MaxConcurrentRequests), options.MaxConcurrentRequests, 1, 1_000_000);
        Require(nameof(MaxConnections), options.MaxConnections, 1, 1_000_000);
        Require(nameof(DataRequestsPerSecondPerUser), options.DataRequestsPerSecondPerUser, 0, 1_000_000);
        Require(nameof(KeysPerUser), options.KeysPerUser, 0, 100_000_000);
        Require(nameof(RegistrationsPerHourPerAddress), options.RegistrationsPerHourPerAddress, 0, 1_000_000);
        Require(nameof(FailedLoginsPerUsername), options.FailedLoginsPerUsername, 0, 1_000_000);
        Require(nameof(FailedLoginsPerAddress), options.FailedLoginsPerAddress, 0, 1_000_000);
        Require(nameof(FailedLoginWindowSeconds), options.FailedLoginWindowSeconds, 1, 86_400);
        Require(nameof(MaxHeaderBytes), options.MaxHeaderBytes, 4096, 1_048_576);
        Require(nameof(MaxHeaders), options.MaxHeaders, 10, 1000);
        Require(nameof(HeaderTimeoutSeconds), options.HeaderTimeoutSeconds, 1, 600);
        Require(nameof(KeepAliveTimeoutSeconds), options.KeepAliveTimeoutSeconds, 1, 86_400);
        Require(nameof(MinBytesPerSecond), options.MinBytesPerSecond, 0, 1_000_000);
        Require(nameof(MinBytesGraceSeconds), options.MinBytesGraceSeconds, 2, 600);
        Require(nameof(Http2MaxStreams), options.Http2MaxStreams, 1, 10_000);
        return options;
    }

    private static void Require(string name, int value, int minimum, int maximum) =>
        Setting.RequireRange($"Limits:{name}", value, minimum, maximum);
}
