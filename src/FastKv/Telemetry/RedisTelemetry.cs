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
    private const string System = "redis";

    private readonly string? address = server switch
    {
        DnsEndPoint name => name.Host,
        IPEndPoint ip => ip.Address.ToString(),
        UnixDomainSocketEndPoint socket => socket.ToString(),
        _ => null,
    };

    private readonly object? port = server switch
    {
        DnsEndPoint name => name.Port,
        IPEndPoint ip => ip.Port,
        _ => null,
    };

    /// <summary>Whether anybody listens; if not, a command costs this one check.</summary>
    public static bool IsOn => Instruments.IsRedisObserved;

    /// <summary>Begins to measure a command; dispose the result when its reply is there.</summary>
    /// <param name="operation">The command's name, for example <c>GET</c>.</param>
    public Command Start(string operation) => new(this, operation);

    /// <summary>One command under way.</summary>
    public sealed class Command : IDisposable
    {
        private readonly long started = Stopwatch.GetTimestamp();
        private readonly Activity? span;
        private TagList tags;

        internal Command(RedisTelemetry redis, string operation)
        {
            tags = [new("db.system.name", System), new("db.operation.name", operation)];
            Add("server.address", redis.address);
            Add("server.port", redis.port);
            span = Instruments.Source.StartActivity(operation, ActivityKind.Client);
            if (span is { IsAllDataRequested: true })
            {
                foreach (var (name, value) in tags)
                {
                    span.SetTag(name, value);
                }
            }
        }

        /// <summary>Says that the command failed.</summary>
        /// <param name="errorType">What failed: one of few words, without a message.</param>
        public void Fail(string errorType)
        {
            Add("error.type", errorType);
            span?.SetTag("error.type", errorType).SetStatus(ActivityStatusCode.Error);
        }

        public void Dispose()
        {
            Instruments.RecordRedisCommand(Stopwatch.GetElapsedTime(started), tags);
            span?.Dispose();
        }

        private void Add(string name, object? value)
        {
            if (value is not null)
            {
                tags.Add(name, value);
            }
        }
    }
}
