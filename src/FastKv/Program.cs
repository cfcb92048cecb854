using FastKv;
using FastKv.Admin;
using FastKv.Api;
using FastKv.Api.Docs;
using FastKv.Api.OpenApi;
using FastKv.Auth;
using FastKv.Configuration;
using FastKv.Features.Data;
using FastKv.Health;
using FastKv.Redis;
using FastKv.Server;
using FastKv.Telemetry;

if (args is [AdminCommand.Name, ..])
{
    return await AdminCommand.RunAsync(args);
}

if (Help.IsAskedFor(args))
{
    await Console.Out.WriteAsync(Help.Text);
    return 0;
}

try
{
    var app = ServiceSetup.CreateBuilder(args, out var embeddedDirectory).Build();
    app.UseTelemetry(ApiError.All.Select(error => error.Code));
    app.UseServer();
    app.UseMiddleware<ErrorHandlingMiddleware>();
    app.UseMiddleware<DataPathRewriteMiddleware>();
    app.UseRouting();
    app.UseMiddleware<BearerTokenMiddleware>();
    app.UseDataRateLimiter();
    app.MapOperations();
    app.MapHealth();
    app.MapApiDocument();
    app.MapDocs();
    app.LogStore(embeddedDirectory);
    await app.RunAsync();
    return 0;
}
catch (InvalidSettingException wrong)
{
    await Console.Error.WriteLineAsync(wrong.Message);
    return 1;
}
