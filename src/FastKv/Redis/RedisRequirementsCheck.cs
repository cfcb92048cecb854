using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>Warns of a Redis that may lose what was acknowledged, each time that it is connected.</summary>
internal sealed partial class RedisRequirementsCheck(RedisConnection connection, ILogger<RedisRequirementsCheck> logger)
    : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        connection.Connected += Check;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        connection.Connected -= Check;
        return Task.CompletedTask;
    }

    private void Check(IServer server) => _ = CheckAsync(server);

    private async Task CheckAsync(IServer server)
    {
        try
        {
            if (await RedisRequirements.AtRiskAsync(server) is { Count: > 0 } risks)
            {
                var unmet = risks.Select(risk => $"{risk.Name}: {risk.Finding}; {risk.Advice}.");
                var (name, sentences) = (ServerName.Of(server.EndPoint), string.Join(' ', unmet));
                LogUnmet(name, sentences);
            }
        }
        catch (Exception exception)
        {
            // It may not be asked, or is gone again: that it can't be used, others say.
            var cause = exception.GetType().Name;
            LogNotAsked(cause);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis at {Server} may lose what was acknowledged. {Unmet}")]
    private partial void LogUnmet(string server, string unmet);

    [LoggerMessage(Level = LogLevel.Debug, Message = "What Redis keeps could not be asked ({Cause}).")]
    private partial void LogNotAsked(string cause);
}
