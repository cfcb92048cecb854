using System.Text;
using FastKv.Api;
using FastKv.Redis;
using FastKv.Server;

namespace FastKv.Health;

/// <summary>What an orchestrator asks: <c>/health/live</c>, is the process there; <c>/health/ready</c>, can it serve.</summary>
internal static class HealthEndpoints
{
    public static void AddHealth(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<WarmUpVisitor>();
        builder.Services.AddSingleton<WarmUp>();
        builder.Services.AddHostedService(services => services.GetRequiredService<WarmUp>());
    }

    public static void MapHealth(this WebApplication app)
    {
        app.MapRead("/health/live", context => ApiResponse.WriteAsync(context, 200, Live)).DisableHttpMetrics();
        app.MapRead(
                "/health/ready",
                async (
                    HttpContext context,
                    RedisCommands redis,
                    RedisKeys keys,
                    RedisDiagnostics diagnostics,
                    DrainState draining,
                    WarmUp warmUp
                ) =>
                {
                    if (draining.HasBegun)
                    {
                        await ApiResponse.WriteAsync(context, 503, Stopping);
                        return;
                    }

                    if (await redis.ProbeAsync(keys.Probe) is { } reason)
                    {
                        await ApiResponse.WriteAsync(
                            context,
                            503,
                            NotReady(diagnostics.Cause ?? OutageCause.OfReason(reason))
                        );
                        return;
                    }

                    await ApiResponse.WriteAsync(context, warmUp.IsDone ? 200 : 503, warmUp.IsDone ? Ready : WarmingUp);
                }
            )
            .DisableHttpMetrics();
    }

    private static ReadOnlySpan<byte> Live => """{"status":"live"}"""u8;
    private static ReadOnlySpan<byte> Ready => """{"status":"ready"}"""u8;

    /// <param name="cause">One word.</param>
    private static byte[] NotReady(string cause) =>
        Encoding.UTF8.GetBytes(
            $$"""{"status":"not_ready","reason":"Redis does not answer or takes no writes.","cause":"{{cause}}"}"""
        );

    private static ReadOnlySpan<byte> WarmingUp => """{"status":"not_ready","reason":"The service is warming up."}"""u8;
    private static ReadOnlySpan<byte> Stopping => """{"status":"not_ready","reason":"The service is stopping."}"""u8;
}
