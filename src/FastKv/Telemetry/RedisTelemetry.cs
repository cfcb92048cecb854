using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;

namespace FastKv.Telemetry;

/// <summary>What is to be measured of a command.</summary>
internal enum Measured
{
    Both,
    Duration,
    Span,
}

/// <summary>
/// Measures Redis commands: a CLIENT span and db.client.operation.duration for each, named as the semantic conventions for
/// databases say (https://opentelemetry.io/docs/specs/semconv/database/redis/). The text of a command, its key and its value
/// are not recorded.
/// </summary>
internal sealed class RedisTelemetry(EndPoint server)
{
    private readonly KeyValuePair<string, object?>[] serverTags = [.. Describe(server)];
    private readonly ConcurrentDictionary<string, KeyValuePair<string, object?>[]> tags = new();

    /// <summary>Whether anybody wants to know of commands; if not, a command costs this one check.</summary>
    public static bool IsOn => Instruments.IsRedisObserved;

    /// <summary>Whether the request that is being served is recorded.</summary>
    public static bool IsRecorded => Activity.Current is { Recorded: true };

    /// <summary>Has fastkv.redis.connected tell which servers are connected, when it is exported.</summary>
    public static void Observe(Func<IEnumerable<(EndPoint Server, bool IsConnected)>> servers) =>
        Instruments.ObserveRedisServers(() =>
            servers().Select(known => new Measurement<int>(known.IsConnected ? 1 : 0, Describe(known.Server)))
        );

    /// <summary>Begins to measure a command; say how it ended with one of the result's methods.</summary>
    /// <param name="operation">The command's name, for example <c>GET</c>.</param>
    /// <param name="what">Of a command that many requests wait for, its duration and each one's span are measured apart.</param>
    public Command Start(string operation, Measured what = Measured.Both) =>
        new(what is Measured.Span ? null : TagsOf(operation), what is Measured.Duration ? null : StartSpan(operation));

    // What belongs to a request that is not recorded is not recorded either, so the sampler need not be asked.
    private Activity? StartSpan(string operation) =>
        Activity.Current is { Recorded: false }
            ? null
            : Instruments.Source.StartActivity(ActivityKind.Client, tags: TagsOf(operation), name: operation);

    private KeyValuePair<string, object?>[] TagsOf(string operation) =>
        tags.GetOrAdd(
            operation,
            static (name, server) => [new("db.system.name", "redis"), new("db.operation.name", name), .. server],
            serverTags
        );

    private static IEnumerable<KeyValuePair<string, object?>> Describe(EndPoint server)
    {
        var (address, port) = server switch
        {
            DnsEndPoint name => (name.Host, name.Port),
            IPEndPoint ip => (ip.Address.ToString(), ip.Port),
            UnixDomainSocketEndPoint socket => (socket.ToString(), (int?)null),
            _ => (null, null),
        };
        if (address is not null)
        {
            yield return new("server.address", address);
        }

        if (port is not null)
        {
            yield return new("server.port", port);
        }
    }

    /// <summary>One command under way.</summary>
    public readonly struct Command(KeyValuePair<string, object?>[]? tags, Activity? span)
    {
        private readonly long started = Stopwatch.GetTimestamp();

        /// <summary>Its reply is there.</summary>
        public void Succeed()
        {
            if (tags is not null)
            {
                Instruments.RecordRedisCommand(Stopwatch.GetElapsedTime(started), tags);
            }

            span?.Dispose();
        }

        /// <summary>It failed.</summary>
        /// <param name="errorType">What failed: one of few words, without a message.</param>
        public void Fail(string errorType)
        {
            if (tags is not null)
            {
                Instruments.RecordRedisCommand(
                    Stopwatch.GetElapsedTime(started),
                    [.. tags, new KeyValuePair<string, object?>("error.type", errorType)]
                );
            }

            span?.SetTag("error.type", errorType).SetStatus(ActivityStatusCode.Error).Dispose();
        }
    }
}
