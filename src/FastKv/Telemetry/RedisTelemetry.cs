using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace FastKv.Telemetry;

/// <summary>
/// Measures Redis commands: a CLIENT span and db.client.operation.duration for each, named as the semantic conventions for
/// databases say (https://opentelemetry.io/docs/specs/semconv/database/redis/). The text of a command, its key and its value
/// are not recorded.
/// </summary>
internal sealed class RedisTelemetry(EndPoint server)
{
    private readonly KeyValuePair<string, object?>[] serverTags = [.. TagsOf(server)];
    private readonly ConcurrentDictionary<string, KeyValuePair<string, object?>[]> tags = new();

    /// <summary>Whether anybody listens; if not, a command costs this one check.</summary>
    public static bool IsOn => Instruments.IsRedisObserved;

    /// <summary>Begins to measure a command; say how it ended with one of the result's methods.</summary>
    /// <param name="operation">The command's name, for example <c>GET</c>.</param>
    public Command Start(string operation)
    {
        var attributes = tags.GetOrAdd(
            operation,
            static (name, server) => [new("db.system.name", "redis"), new("db.operation.name", name), .. server],
            serverTags
        );

        // What belongs to a request that is not recorded is not recorded either, so the sampler need not be asked.
        var span = Activity.Current is { Recorded: false }
            ? null
            : Instruments.Source.StartActivity(ActivityKind.Client, tags: attributes, name: operation);
        return new Command(attributes, span);
    }

    private static IEnumerable<KeyValuePair<string, object?>> TagsOf(EndPoint server)
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
    public readonly struct Command(KeyValuePair<string, object?>[] tags, Activity? span)
    {
        private readonly long started = Stopwatch.GetTimestamp();

        /// <summary>Its reply is there.</summary>
        public void Succeed()
        {
            Instruments.RecordRedisCommand(Stopwatch.GetElapsedTime(started), tags);
            span?.Dispose();
        }

        /// <summary>It failed.</summary>
        /// <param name="errorType">What failed: one of few words, without a message.</param>
        public void Fail(string errorType)
        {
            Instruments.RecordRedisCommand(
                Stopwatch.GetElapsedTime(started),
                [.. tags, new KeyValuePair<string, object?>("error.type", errorType)]
            );
            span?.SetTag("error.type", errorType).SetStatus(ActivityStatusCode.Error).Dispose();
        }
    }
}
