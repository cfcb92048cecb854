using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace FastKv.Telemetry;

/// <summary>
/// The one ActivitySource, the one Meter and every name in them. No instrument carries a user, key, value or token. With nobody
/// listening, each method costs one check and allocates nothing.
/// </summary>
internal static class Instruments
{
    public const string Name = "FastKv";

    private const string ErrorCode = "fastkv.error.code";
    private const string Limiter = "fastkv.limiter";
    private const string SessionScope = "fastkv.session.scope";
    private const string Limit = "fastkv.limit";

    public static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    // A value from Redis takes a fraction of a millisecond, so the buckets begin well below those that the semantic conventions
    // suggest (https://opentelemetry.io/docs/specs/semconv/database/database-metrics/).
    private static readonly double[] RedisSeconds =
    [
        0.0001,
        0.00025,
        0.0005,
        0.001,
        0.0025,
        0.005,
        0.01,
        0.025,
        0.05,
        0.1,
        0.5,
        1,
        5,
    ];

    private static readonly double[] HashSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    /// <summary>Buckets of http.server.request.duration, in seconds: finer at the low end than those of ASP.NET Core.</summary>
    public static readonly double[] RequestSeconds =
    [
        0.0005,
        0.001,
        0.0025,
        0.005,
        0.01,
        0.025,
        0.05,
        0.1,
        0.25,
        0.5,
        1,
        2.5,
        5,
        10,
    ];

    private static readonly Histogram<double> RedisCommandDuration = Meter.CreateHistogram(
        "db.client.operation.duration",
        "s",
        "Duration of Redis commands, as the service sees them.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = RedisSeconds }
    );

    private static readonly Counter<long> Errors = Meter.CreateCounter<long>(
        "fastkv.errors",
        "{error}",
        "Error answers, by code."
    );

    private static readonly Histogram<double> HashWait = Meter.CreateHistogram(
        "fastkv.password.hash.wait.duration",
        "s",
        "How long a password waited for its turn to be hashed.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = HashSeconds }
    );

    private static readonly Histogram<double> HashDuration = Meter.CreateHistogram(
        "fastkv.password.hash.duration",
        "s",
        "How long hashing or verifying a password took, after its wait.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = HashSeconds }
    );

    private static readonly Counter<long> LimitedLogins = Meter.CreateCounter<long>(
        "fastkv.login.limiter.rejections",
        "{login}",
        "Logins that were refused because too many had failed, by limiter."
    );

    private static readonly Counter<long> EndedSessions = Meter.CreateCounter<long>(
        "fastkv.sessions.ended",
        "{sign-out}",
        "Sign-outs, by what they ended: one session, or all of a user's."
    );

    private static readonly Counter<long> RenewedTokens = Meter.CreateCounter<long>(
        "fastkv.tokens.renewed",
        "{token}",
        "Tokens that were renewed."
    );

    private static readonly Counter<long> ShedRequests = Meter.CreateCounter<long>(
        "fastkv.requests.shed",
        "{request}",
        "Requests that were refused because too many were in flight."
    );

    private static readonly Counter<long> MemoryRefusals = Meter.CreateCounter<long>(
        "fastkv.memory.refusals",
        "{request}",
        "Requests that were refused because there was no memory for what they would hold, or no place on the way of large values to Redis."
    );

    private static readonly Counter<long> RefusedConnections = Meter.CreateCounter<long>(
        "fastkv.connections.refused",
        "{connection}",
        "Connections that were closed at once because too many were open, by limit."
    );

    private static readonly KeyValuePair<string, object?> Hit = new("fastkv.cache.result", "hit");
    private static readonly KeyValuePair<string, object?> Miss = new("fastkv.cache.result", "miss");

    private static long tokenHits;
    private static long tokenMisses;
    private static Func<int> requestsInFlight = static () => 0;
    private static Func<int> hashQueueLength = static () => 0;
    private static Func<long> reservedMemory = static () => 0;
    private static (int Users, double Seconds) deletions;
    private static Func<IEnumerable<Measurement<int>>> redisServers = static () => [];

    // What stands here is asked for when it is exported, so that a request pays for no more than counting.
    static Instruments()
    {
        Meter.CreateObservableCounter<long>(
            "fastkv.token.cache.lookups",
            static () => [new(Interlocked.Read(ref tokenHits), Hit), new(Interlocked.Read(ref tokenMisses), Miss)],
            "{lookup}",
            "Look-ups in the cache of validated tokens, by result."
        );
        Meter.CreateObservableUpDownCounter(
            "fastkv.requests.in_flight",
            static () => requestsInFlight(),
            "{request}",
            "Requests that are being served, as the limit on concurrent requests counts them."
        );
        Meter.CreateObservableUpDownCounter(
            "fastkv.memory.reserved",
            static () => reservedMemory(),
            "By",
            "Memory that is reserved for large bodies, values and answers."
        );
        Meter.CreateObservableUpDownCounter(
            "fastkv.deletions.waiting",
            static () => deletions.Users,
            "{user}",
            "Deleted users whose data are still to be removed, as this replica saw them last."
        );
        Meter.CreateObservableGauge(
            "fastkv.deletions.age",
            static () => deletions.Seconds,
            "s",
            "How long ago the oldest of them was deleted; 0 without any."
        );
        Meter.CreateObservableGauge(
            "fastkv.redis.connected",
            static () => redisServers(),
            "{connection}",
            "Whether there is a connection to a Redis server: 1 or 0, by server."
        );
        Meter.CreateObservableUpDownCounter(
            "fastkv.password.hash.queue.length",
            static () => hashQueueLength(),
            "{hash}",
            "Passwords that wait to be hashed or verified."
        );
    }

    /// <summary>Has every counter exist from the start, at 0: a rise from nothing can't be seen in a rate.</summary>
    /// <param name="errorCodes">All that <see cref="CountError"/> is given.</param>
    public static void StartAtZero(IEnumerable<string> errorCodes)
    {
        foreach (var code in errorCodes)
        {
            Errors.Add(0, new KeyValuePair<string, object?>(ErrorCode, code));
        }

        foreach (var limiter in (string[])["username", "address"])
        {
            LimitedLogins.Add(0, new KeyValuePair<string, object?>(Limiter, limiter));
        }

        foreach (var scope in (string[])["one", "all"])
        {
            EndedSessions.Add(0, new KeyValuePair<string, object?>(SessionScope, scope));
        }

        foreach (var limit in (string[])["connections", "descriptors"])
        {
            RefusedConnections.Add(0, new KeyValuePair<string, object?>(Limit, limit));
        }

        RenewedTokens.Add(0);
        ShedRequests.Add(0);
        MemoryRefusals.Add(0);
    }

    /// <summary>Whether anyone wants to know of Redis commands.</summary>
    public static bool IsRedisObserved => RedisCommandDuration.Enabled || Source.HasListeners();

    /// <summary>Says where the length of the hashing queue is to be read.</summary>
    public static void ObserveHashQueue(Func<int> length) => hashQueueLength = length;

    /// <summary>Says where the number of requests being served is to be read.</summary>
    public static void ObserveRequestsInFlight(Func<int> requests) => requestsInFlight = requests;

    /// <summary>Says where the memory that is reserved for requests is to be read.</summary>
    public static void ObserveReservedMemory(Func<long> bytes) => reservedMemory = bytes;

    /// <summary>Says how many deleted users have data that are still to be removed, and for how long.</summary>
    public static void ObserveDeletions(int users, TimeSpan oldest) => deletions = (users, oldest.TotalSeconds);

    /// <summary>Says where is to be read which servers of Redis are connected.</summary>
    public static void ObserveRedisServers(Func<IEnumerable<Measurement<int>>> servers) => redisServers = servers;

    /// <summary>Counts a request that was refused for want of memory.</summary>
    public static void CountMemoryRefusal() => MemoryRefusals.Add(1);

    /// <summary>Counts an error answer.</summary>
    public static void CountError(string code)
    {
        if (Errors.Enabled)
        {
            Errors.Add(1, new KeyValuePair<string, object?>(ErrorCode, code));
        }
    }

    /// <summary>Records how long a Redis command took.</summary>
    public static void RecordRedisCommand(TimeSpan duration, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        RedisCommandDuration.Record(duration.TotalSeconds, tags);

    /// <summary>Records how long a password waited to be hashed or verified, and how long that took then.</summary>
    public static void RecordHash(TimeSpan wait, TimeSpan duration)
    {
        HashWait.Record(wait.TotalSeconds);
        HashDuration.Record(duration.TotalSeconds);
    }

    /// <summary>Counts a login that a limiter refused.</summary>
    /// <param name="limiter">Which one: <c>username</c> or <c>address</c>; never their value.</param>
    public static void CountLimiterRejection(string limiter)
    {
        if (LimitedLogins.Enabled)
        {
            LimitedLogins.Add(1, new KeyValuePair<string, object?>(Limiter, limiter));
        }
    }

    /// <summary>Counts an end of sessions.</summary>
    /// <param name="scope">What ended: <c>one</c> session, or <c>all</c> of a user's.</param>
    public static void CountEndedSessions(string scope)
    {
        if (EndedSessions.Enabled)
        {
            EndedSessions.Add(1, new KeyValuePair<string, object?>(SessionScope, scope));
        }
    }

    /// <summary>Counts a renewed token.</summary>
    public static void CountRenewedToken() => RenewedTokens.Add(1);

    /// <summary>Counts a look-up in the cache of validated tokens.</summary>
    public static void CountTokenLookup(bool hit) => Interlocked.Increment(ref hit ? ref tokenHits : ref tokenMisses);

    /// <summary>Counts a connection that was closed because too many were open.</summary>
    /// <param name="limit">That of <c>connections</c>, or that of file <c>descriptors</c>.</param>
    public static void CountRefusedConnection(string limit)
    {
        if (RefusedConnections.Enabled)
        {
            RefusedConnections.Add(1, new KeyValuePair<string, object?>(Limit, limit));
        }
    }

    /// <summary>Counts a request that was refused because too many were in flight.</summary>
    public static void CountShed() => ShedRequests.Add(1);
}
