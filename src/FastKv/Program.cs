using FastKv.Api;
using FastKv.Auth;
using FastKv.Configuration;
using FastKv.Features;
using FastKv.Features.Data;
using FastKv.Health;
using FastKv.Redis;
using FastKv.Server;

try
{
    var builder = WebApplication.CreateSlimBuilder(args);
    builder.AddServer();
    var embeddedDirectory = builder.AddRedis();
    builder.AddAccessTokens(embeddedDirectory);
    builder.AddFeatures();

    var app = builder.Build();
    app.UseServer();
    app.UseMiddleware<ErrorBoundary>();
    app.UseDataPath();
    app.UseRouting();
    app.UseMiddleware<TokenGate>();
    app.UseDataRateLimit();
    app.MapOperations();
    app.MapHealth();
    app.LogStore(embeddedDirectory);
    await app.RunAsync();
    return 0;
}
catch (InvalidSettingException wrong)
{
    await Console.Error.WriteLineAsync(wrong.Message);
    return 1;
}
