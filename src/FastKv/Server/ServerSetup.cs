using System.Net;
using FastKv.Api;
using FastKv.Configuration;
using FastKv.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace FastKv.Server;

internal static class ServerSetup
{
    /// <summary>Every group of settings below <c>FastKv</c>.</summary>
    public static readonly string[] Groups =
    [
        "DataDirectory",
        "LogLevelsFile",
        SecretFiles.Setting,
        "Redis",
        "Token",
        "Passwords",
        "Limits",
        "Data",
        "Http",
    ];

    // Bytes. The longest key with every byte percent-encoded takes 1,536; a line is not part of MaxHeaderBytes.
    private const int MaxRequestLine = 8 * 1024;

    // Bytes of an answer that wait in the server for the client to take them.
    private const int MaxResponseBuffer = 32 * 1024;

    // Bytes that a client may send before they are read, on an HTTP/2 connection and on each of its streams (RFC 9113, 6.9.2).
    private const int Http2ConnectionWindow = 128 * 1024;
    private const int Http2StreamWindow = 96 * 1024;

    /// <summary>How many times the headers that are allowed an HTTP/2 request may have, to be refused and not cost a connection.</summary>
    private const int Http2HeadroomFactor = 4;

    /// <summary>Configures Kestrel: where it listens, what it bounds and how it stops.</summary>
    /// <returns>Where it listens, if nobody else does (<see cref="ListenAddresses.Prepare"/>).</returns>
    public static string[] AddServer(this WebApplicationBuilder builder)
    {
        HostSettings.Check(builder.Configuration);
        Setting.RefuseUnknownGroups(builder.Configuration, Groups);
        var http = HttpOptions.From(builder.Configuration);
        var limits = LimitOptions.From(builder.Configuration);
        var urls = ListenAddresses.From(builder.Configuration, http);
        builder.WebHost.UseUrls(urls);

        // The framework logs the path of each request at Information, and a path holds a user's key. These are set here and not
        // in a file, so that no missing file can let keys into the log, and no setting can either.
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        builder.Logging.AddFilter("FastEndpoints", LogLevel.Warning);

        // In front of all settings of levels, each of which can turn it on or off.
        builder.Configuration.Sources.Insert(
            0,
            new MemoryConfigurationSource
            {
                InitialData =
                [
                    new($"Logging:LogLevel:{AccessLogMiddleware.Category}", http.AccessLog ? "Information" : "None"),
                ],
            }
        );
        builder.Services.PostConfigure<LoggerFilterOptions>(filters =>
        {
            foreach (var talkative in filters.Rules.Where(LetsPathsIntoTheLog).ToArray())
            {
                filters.Rules.Remove(talkative);
            }
        });

        builder.Services.AddSingleton(http);
        builder.Services.AddCors(http);
        builder.Services.AddSingleton(limits);
        builder.Services.AddSingleton(new RequestMemory(limits.RequestMemoryMiB * 1024L * 1024));
        builder.Services.AddHostedService<MemoryTrimmer>();
        builder.Services.AddSingleton<DrainState>();
        builder.Services.AddSingleton<IHostLifetime, SignalLifetime>();
        builder.Services.Configure<HostOptions>(host =>
            host.ShutdownTimeout = TimeSpan.FromSeconds(http.ShutdownSeconds)
        );
        builder.Services.Configure<RouteOptions>(routing => routing.SuppressCheckForUnhandledSecurityMetadata = true);
        builder.Services.AddHostedService<RejectedRequestResponder>();

        // Straight to the thread pool. In queues of its own, one for each core, the server takes what connections send strictly one after
        // the other, so that behind hundreds of large bodies a small request waited five times as long before anybody looked at it.
        builder.WebHost.UseSockets(sockets => sockets.IOQueueCount = 0);
        builder.Services.AddConnectionLimit();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Of a target that is a whole URL the authority goes before the header (RFC 9112, 3.2.2).
            kestrel.AllowHostHeaderOverride = true;
            kestrel.ConfigureEndpointDefaults(endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http1;
                RejectedRequestResponder.Cover(endpoint);
            });
            kestrel.RequestHeaderEncodingSelector = static name =>
                name == HeaderNames.ContentLength ? null
                : name == HeaderNames.Authorization ? FieldEncoding.Authorization
                : FieldEncoding.Strict;
            Bound(kestrel.Limits, limits);
        });
        if (http.Http2Port is { } port)
        {
            builder.Services.AddHttp2Server(port, limits);
        }

        return urls;
    }

    private static void AddConnectionLimit(this IServiceCollection services)
    {
        var sockets = services.Last(service => service.ServiceType == typeof(IConnectionListenerFactory));
        services.AddSingleton<ConnectionLimiter>();
        services.AddSingleton<IConnectionListenerFactory>(provider => new LimitedListenerFactory(
            (IConnectionListenerFactory)ActivatorUtilities.CreateInstance(provider, sockets.ImplementationType!),
            provider.GetRequiredService<ConnectionLimiter>()
        ));
    }

    /// <summary>Puts a second Kestrel, for HTTP/2, beside the one that is there.</summary>
    private static void AddHttp2Server(this IServiceCollection services, int port, LimitOptions limits)
    {
        var kestrel = services.Last(service => service.ServiceType == typeof(IServer)).ImplementationType!;
        services.AddSingleton<IServer>(provider => new CompositeServer(
            (IServer)ActivatorUtilities.CreateInstance(provider, kestrel),
            (IServer)
                ActivatorUtilities.CreateInstance(provider, kestrel, Options.Create(Http2Options(provider, limits))),
            port
        ));
    }

    private static KestrelServerOptions Http2Options(IServiceProvider services, LimitOptions limits)
    {
        var decoder = new Http2FieldDecoder(limits.MaxHeaderBytes, MaxRequestLine);
        var kestrel = new KestrelServerOptions
        {
            ApplicationServices = services,
            AddServerHeader = false,
            // A proxy that ended TLS may keep the scheme of its client (RFC 9113, 8.3.1).
            AllowAlternateSchemes = true,
            RequestHeaderEncodingSelector = decoder.Select,
        };
        kestrel.ConfigureEndpointDefaults(endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http2;
            RejectedRequestResponder.CoverHttp2(endpoint);
            RefusedBodyMiddleware.CoverHttp2(endpoint, limits);
        });
        Bound(kestrel.Limits, limits);

        // Up to here Http2HeadersMiddleware refuses the request; up to twice as much Kestrel does, without a body; and beyond that,
        // or with one value that is larger than this, it ends the connection.
        var bytes = Http2HeadroomFactor * limits.MaxHeaderBytes;
        kestrel.Limits.MaxRequestBufferSize = Math.Max(bytes, kestrel.Limits.MaxRequestBufferSize ?? bytes);
        kestrel.Limits.MaxRequestLineSize = bytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = bytes;
        kestrel.Limits.MaxRequestHeaderCount = Http2HeadroomFactor * limits.MaxHeaders;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = bytes;

        // Http2BodyRateMiddleware has an eye on each body instead.
        kestrel.Limits.MinRequestBodyDataRate = null;
        return kestrel;
    }

    /// <summary>The outermost part of the pipeline.</summary>
    public static void UseServer(this WebApplication app)
    {
        var http = app.Services.GetRequiredService<HttpOptions>();
        app.UseOneScope();
        app.UseMiddleware<RefusedBodyMiddleware>();
        app.UseCors(http);
        app.UseMiddleware<LoadSheddingMiddleware>();
        if (http.Http2Port is not null)
        {
            app.UseMiddleware<Http2HeadersMiddleware>();
            if (app.Services.GetRequiredService<LimitOptions>().MinBytesPerSecond > 0)
            {
                app.UseMiddleware<Http2BodyRateMiddleware>();
            }
        }

        if (http.ManagementPort is { } port)
        {
            app.UseManagementPort(port);
        }

        if (http.TrustedProxies.Length > 0)
        {
            // The middleware believes whoever has no address, that is, everybody on a unix socket.
            var trustsSockets = http.TrustsUnixSockets;
            app.UseWhen(
                context => trustsSockets || context.Connection.RemoteIpAddress is not null,
                branch => branch.UseForwardedHeaders(ForwardedFrom(http.TrustedNetworks()))
            );
        }
    }

    /// <summary>As many proxies as there are, each of which must be trusted, from the nearest one on.</summary>
    private static ForwardedHeadersOptions ForwardedFrom(IReadOnlyList<System.Net.IPNetwork> proxies)
    {
        var forwarded = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor,
            ForwardLimit = null,
        };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();

        // With an empty list it would believe everybody. Nobody comes from this address.
        forwarded.KnownIPNetworks.Add(new System.Net.IPNetwork(IPAddress.None, 32));
        foreach (var proxy in proxies)
        {
            forwarded.KnownIPNetworks.Add(proxy);
        }

        return forwarded;
    }

    /// <summary>The limit for each user, if there is one. It stands where the request's user is known.</summary>
    public static void UseDataRateLimiter(this WebApplication app)
    {
        if (app.Services.GetRequiredService<LimitOptions>().DataRequestsPerSecondPerUser > 0)
        {
            app.UseMiddleware<DataRateLimiterMiddleware>();
        }
    }

    /// <summary>All services are singletons, so a request needs no scope of its own.</summary>
    private static void UseOneScope(this WebApplication app)
    {
        var services = app.Services;
        app.Use(
            (context, next) =>
            {
                context.RequestServices = services;
                return next(context);
            }
        );
    }

    private static bool LetsPathsIntoTheLog(LoggerFilterRule rule) =>
        rule.LogLevel < LogLevel.Warning
        && rule.CategoryName?.Contains("AspNetCore", StringComparison.OrdinalIgnoreCase) == true;

    private static void Bound(KestrelServerLimits kestrel, LimitOptions limits)
    {
        kestrel.MaxRequestLineSize = MaxRequestLine;
        kestrel.MaxRequestHeadersTotalSize = limits.MaxHeaderBytes;
        kestrel.MaxRequestHeaderCount = limits.MaxHeaders;

        // What a connection holds of what nobody has read or taken yet. The first has to hold a request line and headers.
        kestrel.MaxRequestBufferSize = MaxRequestLine + limits.MaxHeaderBytes;
        kestrel.MaxResponseBufferSize = MaxResponseBuffer;
        kestrel.Http2.InitialConnectionWindowSize = Http2ConnectionWindow;
        kestrel.Http2.InitialStreamWindowSize = Http2StreamWindow;
        kestrel.RequestHeadersTimeout = TimeSpan.FromSeconds(limits.HeaderTimeoutSeconds);
        kestrel.KeepAliveTimeout = TimeSpan.FromSeconds(limits.KeepAliveTimeoutSeconds);
        kestrel.MinRequestBodyDataRate = kestrel.MinResponseDataRate =
            limits.MinBytesPerSecond == 0
                ? null
                : new MinDataRate(limits.MinBytesPerSecond, TimeSpan.FromSeconds(limits.MinBytesGraceSeconds));
        kestrel.Http2.MaxStreamsPerConnection = limits.Http2MaxStreams;

        // An HTTP/2 connection whose client does not even answer a ping is closed.
        kestrel.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(limits.KeepAliveTimeoutSeconds);

        // The operations bound their bodies themselves and answer 413; the server then reads what is still coming for at
        // most five seconds, so that the client gets to see the answer.
        kestrel.MaxRequestBodySize = null;
    }

    private static void UseManagementPort(this WebApplication app, int port)
    {
        var health = new PathString("/health");
        var metrics = new PathString("/metrics");
        app.Use(
            (context, next) =>
                context.Connection.LocalPort != port
                || context.Request.Path.StartsWithSegments(health)
                || context.Request.Path.StartsWithSegments(metrics)
                    ? next(context)
                    : ApiResponse.ErrorAsync(context, ApiError.NotFound)
        );
    }
}
