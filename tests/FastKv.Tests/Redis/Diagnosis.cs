using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>What a service tells of a Redis that it can't use, in its log and in its readiness.</summary>
internal static class Diagnosis
{
    /// <summary>Stands in the connection strings of the tests; no log may name it.</summary>
    public const string Secret = "hunter2";

    /// <summary>Two seconds are promised; the machine is shared.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(4);

    /// <summary>Starts a service and waits until the log and readiness tell this cause.</summary>
    public static async Task<string> ExpectAsync(
        string cause,
        string connectionString,
        params (string, string?)[] settings
    )
    {
        await using var service = FastKvProcess.Launch(connectionString, settings);
        await Wait.UntilAsync("the service is live", service.Api.IsLiveAsync);
        await UntilToldAsync(service, $"{cause}.", Bound);
        await UntilCauseIsAsync(service, cause);

        // A first look that the machine has no time for finds less than the next.
        Assert.InRange(Lines(service).Count, 1, 2);
        var line = Lines(service)[^1];
        Assert.Contains($"{cause}.", line, StringComparison.Ordinal);
        Assert.Equal("Warning", JsonNode.Parse(line)!["LogLevel"]!.GetValue<string>());
        Assert.Equal(0, await service.TerminateAsync());
        Assert.DoesNotContain(Secret, service.Log, StringComparison.Ordinal);
        return line;
    }

    public static Task UntilToldAsync(FastKvProcess service, string words, TimeSpan? bound = null) =>
        Wait.UntilAsync(
            $"the log tells {words}",
            () =>
                Lines(service).Any(line => line.Contains(words, StringComparison.Ordinal))
                    ? Task.FromResult(true)
                    : Task.FromResult(
                        service.HasExited ? throw new InvalidOperationException($"It ended: {service.Log}") : false
                    ),
            bound
        );

    public static Task UntilCauseIsAsync(FastKvProcess service, string cause) =>
        Wait.UntilAsync(
            $"readiness tells {cause}",
            async () =>
            {
                var reply = await service.Api.GetAsync("/health/ready");
                return reply.Status == HttpStatusCode.ServiceUnavailable
                    && reply.Json["status"]!.GetValue<string>() == "not_ready"
                    && reply.Json["cause"]?.GetValue<string>() == cause;
            }
        );

    public static List<string> Lines(FastKvProcess service) =>
        [.. service.Log.Split('\n').Where(line => line.Contains("RedisDiagnostics", StringComparison.Ordinal))];
}
