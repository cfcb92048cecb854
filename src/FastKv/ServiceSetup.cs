using FastKv.Api.OpenApi;
using FastKv.Auth;
using FastKv.Configuration;
using FastKv.Features;
using FastKv.Health;
using FastKv.Redis;
using FastKv.Server;
using FastKv.Telemetry;

namespace FastKv;

/// <summary>Puts the service together.</summary>
internal static class ServiceSetup
{
    /// <summary>Reads and checks every setting and registers every part. Nothing is started but the embedded store.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="embeddedDirectory">The folder of the embedded store, or null with a Redis.</param>
    /// <exception cref="InvalidSettingException">A setting is wrong.</exception>
    public static WebApplicationBuilder CreateBuilder(string[] args, out string? embeddedDirectory)
    {
        var builder = HostSettings.CreateBuilder(args);
        LogLevels.Add(builder);
        ListenAddresses.Prepare(builder.AddServer());
        builder.AddTelemetry();
        embeddedDirectory = builder.AddRedis();
        builder.AddAuth(embeddedDirectory);
        builder.AddFeatures();
        builder.AddApiDocument();
        builder.AddHealth();
        return builder;
    }
}
