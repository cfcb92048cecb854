using FastKv.Api;
using FastKv.Redis;
using FastKv.Server;

namespace FastKv.Health;

/// <summary>What an orchestrator asks: <c>/health/live</c>, is the process there; <c>/health/ready</c>, can it serve.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/health/live", context => Answer.WriteAsync(context, 200, Live)).ExcludeFromDescription();
        app.MapGet(
                "/health/ready",
                async (HttpContext context, RedisCommands redis, RedisKeys keys, Draining draining) =>
                {
                    if (draining.HasBegun)
                    {
                        await Answer.WriteAsync(context, 503, Stopping);
                        return;
                    }

                    var ready = await redis.ProbeAsync(keys.Probe);
                    await Answer.WriteAsync(context, ready ? 200 : 503, ready ? Ready : NotReady);
                }
            )
            .ExcludeFromDescription();
    }

    private static ReadOnlySpan<byte> Live => """{"status":"live"}"""u8;
    private static ReadOnlySpan<byte> Ready => """{"status":"ready"}"""u8;
    private static ReadOnlySpan<byte> NotReady =>
        """{"status":"not_ready","reason":"Redis does not answer or takes no writes."}"""u8;
    private static ReadOnlySpan<byte> Stopping => """{"status":"not_ready","reason":"The service is stopping."}"""u8;
}
