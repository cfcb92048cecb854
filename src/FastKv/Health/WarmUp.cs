using System.Diagnostics;
using System.Net;
using System.Runtime;
using System.Text;
using FastKv.Auth;
using FastKv.Redis;
using FastKv.Server;
using FastKv.Telemetry;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace FastKv.Health;

/// <summary>
/// Sends requests to its own address before the service says that it is ready, so that the first users do not pay for the
/// just-in-time compiler. The compiler works beside the requests and comes to nothing while they keep the cores busy, so they
/// come in bursts, with a rest after each, until a burst leaves it nothing to do. Its users do not exist, and what it stores
/// for them is deleted, and expires if it can't be, so it leaves no trace in the data.
/// </summary>
internal sealed partial class WarmUp(
    IServer server,
    AccessTokens tokens,
    TimeProvider time,
    RedisCommands redis,
    RedisKeys keys,
    HttpOptions options,
    DrainState draining,
    IHostApplicationLifetime lifetime,
    ILogger<WarmUp> logger
) : BackgroundService
{
    /// <summary>Users that send requests at once over HTTP/1.1, each over a connection; over HTTP/2 they share one.</summary>
    private const int Http1Users = 16;
    private const int Http2Users = 8;

    /// <summary>
    /// Requests of a user in a burst: three rounds of all kinds. A method is compiled again, better, each time it was called 30 times.
    /// </summary>
    private const int Requests = 3 * RequestsOfRound;
    private const int RequestsOfRound = 24;

    /// <summary>Methods compiled by a burst that leaves the compiler nothing to do worth waiting for.</summary>
    private const int FewMethods = 100;

    /// <summary>The compiler rests when it has compiled nothing for this long.</summary>
    private static readonly TimeSpan RestInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Longer than the service takes to answer in any case, so that no request is given up and done later.</summary>
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Whatever is made goes by itself after so many seconds, also when this process dies before it deletes it.</summary>
    private const int LifetimeSeconds = 120;

    /// <summary>Bytes: more than a small value has.</summary>
    private const int LargeLength = SmallValue.MaximumLength + 1024;

    private static readonly string[] MadeKeys = ["entry", "made", "other", "count", "large"];

    // A user with one entry, as the script for writes would leave it, but that the sets of its names expire, too. They keep that as
    // long as the entry is there.
    private static readonly RedisScript BeginVisit = new(
        """
        local time = redis.call('TIME')
        local moment = string.format('%.0f', tonumber(time[1]) * 1000 + tonumber(ARGV[1]))
        redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[1])
        redis.call('ZADD', KEYS[1], 0, 'entry')
        redis.call('PEXPIREAT', KEYS[1], moment)
        redis.call('ZADD', KEYS[2], moment, 'entry')
        redis.call('PEXPIREAT', KEYS[2], moment)
        return 0
        """
    );

    private volatile bool isDone = options.WarmUpSeconds == 0;

    /// <summary>Whether the service has warmed up, or gave up trying.</summary>
    public bool IsDone => isDone;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(
            stoppingToken,
            lifetime.ApplicationStopping
        );
        try
        {
            await StartedAsync(stopping.Token);
            while (await redis.ProbeAsync(keys.Probe) is not null)
            {
                await Task.Delay(ProbeInterval, stopping.Token);
            }

            if (!isDone)
            {
                await VisitUntilWarmAsync(stopping.Token);
            }

            isDone = true;
            if (!draining.HasBegun)
            {
                var address = OwnAddress(isHttp2: false)?.GetLeftPart(UriPartial.Authority) ?? Addresses.First();
                LogReady(address);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    private async Task VisitUntilWarmAsync(CancellationToken stopping)
    {
        if (OwnAddress(isHttp2: false) is not { } address)
        {
            return;
        }

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        bound.CancelAfter(TimeSpan.FromSeconds(options.WarmUpSeconds));
        try
        {
            await VisitUntilWarmAsync(address, OwnAddress(isHttp2: true), bound.Token);
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            throw new OperationCanceledException(stopping);
        }
        catch (Exception exception)
        {
            // A service that could not warm up is slower for a while, and serves all the same.
            var reason =
                exception is OperationCanceledException
                    ? $"it takes longer than {options.WarmUpSeconds} s here"
                    : "a request of its own failed";
            LogNotWarm(reason);
        }
    }

    private async Task StartedAsync(CancellationToken cancellation)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(cancellation);
    }

    private async Task VisitUntilWarmAsync(Uri http1, Uri? http2, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        using var http1Client = Client(http1, HttpVersion.Version11);
        using var http2Client = http2 is null ? null : Client(http2, HttpVersion.Version20);
        HttpClient[] visitors =
        [
            .. Enumerable.Repeat(http1Client, Http1Users),
            .. http2Client is null ? [] : Enumerable.Repeat(http2Client, Http2Users),
        ];
        var bursts = 0;
        var compiled = JitInfo.GetCompiledMethodCount();
        long before;
        do
        {
            before = compiled;
            await Task.WhenAll(visitors.Select(client => VisitAsync(client, cancellation)));
            compiled = await CompiledMethodsAtRestAsync(cancellation);
            bursts++;
        } while (compiled - before > FewMethods);

        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        LogWarm(bursts * visitors.Length * Requests, elapsed);
    }

    private static HttpClient Client(Uri address, Version version)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null })
        {
            BaseAddress = address,
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = RequestTimeout,
        };

        // Not sampled (W3C Trace Context, 3.2): nobody wants to read these traces.
        client.DefaultRequestHeaders.Add(
            "traceparent",
            $"00-{RequestTracingMiddleware.WarmUpTrace}-{Random.Shared.NextInt64(1, long.MaxValue):x16}-00"
        );
        return client;
    }

    private static async Task<long> CompiledMethodsAtRestAsync(CancellationToken cancellation)
    {
        var compiled = JitInfo.GetCompiledMethodCount();
        long before;
        do
        {
            before = compiled;
            await Task.Delay(RestInterval, cancellation);
            compiled = JitInfo.GetCompiledMethodCount();
        } while (compiled != before);

        return compiled;
    }

    /// <summary>A new user, who has one entry: mostly reads it, and does all else that there is to do with data.</summary>
    private async Task VisitAsync(HttpClient client, CancellationToken cancellation)
    {
        var user = $"warm-up-{Guid.NewGuid():N}";
        var session = Session.Begin(user, user, time.GetUtcNow().ToUnixTimeMilliseconds());
        var token = $"Bearer {tokens.Issue(session)!.AccessToken}";
        var (names, expiry, entry) = (keys.Keys(user), keys.Expiry(user), keys.Data(user, "entry"u8));
        try
        {
            await redis.WriteAsync(
                BeginVisit,
                [names, expiry, entry],
                [LifetimeSeconds * 1000, "A value of some length, \"quoted\""],
                isLarge: false
            );
            for (var request = 0; request < Requests; request++)
            {
                // A request that is under way is waited for: what it makes must be there when it is deleted.
                cancellation.ThrowIfCancellationRequested();
                using var message = RequestOf(request % RequestsOfRound);
                message.Headers.Add("Authorization", token);
                message.Version = client.DefaultRequestVersion;
                message.VersionPolicy = client.DefaultVersionPolicy;
                using var response = await client.SendAsync(message, CancellationToken.None);
            }
        }
        finally
        {
            foreach (var key in MadeKeys)
            {
                await redis.DeleteAsync(keys.Data(user, Encoding.ASCII.GetBytes(key)));
            }

            await redis.DeleteAsync(names);
            await redis.DeleteAsync(expiry);
        }
    }

    private static HttpRequestMessage RequestOf(int number)
    {
        const string Get = "GET";
        return number switch
        {
            0 => Of(Get, "data/missing"),
            1 => Of("PUT", "data/missing", Body.Update, ("Idempotency-Key", "warm-up")),
            2 => Of("DELETE", "data/missing"),
            3 => Of("POST", "data", """{"key":"refused","value":""}"""),
            4 => Of("POST", "data", Body.Store),
            5 => Of("PUT", "data/made", Body.Update),
            6 => Of("PUT", "data/made", Body.Update, ("If-Match", "*")),
            7 => Of("PATCH", "data/count", Body.Count),
            8 => Of(Get, "data"),
            9 => Of("POST", "batch/retrieve", """{"keys":["entry","made","missing"]}"""),
            10 => Of("POST", "batch/write", Body.Batch),
            11 => Of("DELETE", "data/other"),
            12 => Of("DELETE", "data/count"),
            13 => Of(Get, "data/entry", null, ("If-None-Match", "*")),
            14 => Of(Get, "data/entry?include=expires_in"),
            15 => Of("PUT", "data/large?upsert=true", Body.Large),
            16 => Of(Get, "data/large"),
            _ => Of(Get, "data/entry"),
        };

        static HttpRequestMessage Of(
            string method,
            string path,
            string? body = null,
            (string Name, string Value)? header = null
        )
        {
            var request = new HttpRequestMessage(new HttpMethod(method), $"/api/{path}")
            {
                Content = body is null ? null : new StringContent(body, null, "application/json"),
            };
            if (header is { } given)
            {
                request.Headers.TryAddWithoutValidation(given.Name, given.Value);
            }

            return request;
        }
    }

    /// <summary>What the requests bring along.</summary>
    private static class Body
    {
        public const string Update = """{"value":"warm-up"}""";
        public static readonly string Store = $$"""{"key":"made","value":"warm-up","expires_in":{{LifetimeSeconds}}}""";
        public static readonly string Count = $$"""{"increment":1,"create":true,"expires_in":{{LifetimeSeconds}}}""";
        public static readonly string Batch =
            $$"""{"operations":[{"op":"upsert","key":"other","value":"warm-up","expires_in":{{LifetimeSeconds}}},{"op":"delete","key":"made"}]}""";
        public static readonly string Large =
            $$"""{"value":"{{new string('v', LargeLength)}}","expires_in":{{LifetimeSeconds}}}""";
    }

    /// <summary>
    /// The first address without TLS that this process serves users on, by way of the loopback interface if it may: that of HTTP/2,
    /// or one of the others.
    /// </summary>
    private Uri? OwnAddress(bool isHttp2)
    {
        var address = Addresses
            .Select(BindingAddress.Parse)
            .FirstOrDefault(a =>
                !a.IsUnixPipe && (a.Port == options.Http2Port) == isHttp2 && a.Port != options.ManagementPort
            );
        if (address is null)
        {
            return null;
        }

        var isSpecific =
            IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip)
            && !IPAddress.Any.Equals(ip)
            && !IPAddress.IPv6Any.Equals(ip);
        return new Uri($"http://{(isSpecific ? address.Host : "localhost")}:{address.Port}");
    }

    private ICollection<string> Addresses => server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;

    [LoggerMessage(Level = LogLevel.Information, Message = "Ready: {Address}, documentation at /docs")]
    private partial void LogReady(string address);

    [LoggerMessage(Level = LogLevel.Information, Message = "Warmed up with {Requests} requests in {Seconds:0.0} s.")]
    private partial void LogWarm(int requests, double seconds);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Not warmed up, so the first requests take longer: {Reason}. FastKv__Http__WarmUpSeconds sets how long it may take."
    )]
    private partial void LogNotWarm(string reason);
}
