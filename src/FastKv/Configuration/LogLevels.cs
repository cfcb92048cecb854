using System.Text.Json;

namespace FastKv.Configuration;

/// <summary>
/// Log levels that can be changed while the service runs: a JSON object of categories and levels in a file, for example
/// <c>{"Default": "Information", "FastKv.Redis": "Debug"}</c>, which goes before all other settings of levels. It is read again every
/// two seconds, so a ConfigMap that is mounted works as it is.
/// </summary>
internal sealed partial class LogLevels(LogLevels.Source source, TimeProvider time, ILogger<LogLevels> logger)
    : BackgroundService
{
    private const string Name = $"{Setting.Root}:LogLevelsFile";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Adds the file, if there is one.</summary>
    /// <exception cref="InvalidSettingException">It can't be read.</exception>
    public static void Add(WebApplicationBuilder builder)
    {
        if (builder.Configuration[Name] is not { } path)
        {
            return;
        }

        var source = new Source(path);
        if (source.Read() is { } fault)
        {
            throw new InvalidSettingException($"{Setting.VariableName(Name)} {fault}.");
        }

        ((IConfigurationBuilder)builder.Configuration).Add(source);
        builder.Services.AddSingleton(source);
        builder.Services.AddHostedService<LogLevels>();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string? told = null;
        while (true)
        {
            await Task.Delay(Interval, time, stoppingToken);
            var fault = source.Read();
            if (fault is not null && fault != told)
            {
                LogKept(fault);
            }

            told = fault;
        }
    }

    // One that is not there for a moment, or half written, is nothing to end a service for.
    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The file of log levels (FastKv__LogLevelsFile) {Fault}; the levels stay as they are."
    )]
    private partial void LogKept(string fault);

    /// <summary>The levels of a file, as settings.</summary>
    internal sealed class Source(string path) : ConfigurationProvider, IConfigurationSource
    {
        private string? text;

        public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

        /// <summary>Takes over what the file says, if that is new and right.</summary>
        /// <returns>What is wrong with it; null if nothing is.</returns>
        public string? Read()
        {
            try
            {
                var now = File.ReadAllText(path);
                if (now == text)
                {
                    return null;
                }

                var levels = JsonSerializer.Deserialize<Dictionary<string, string>>(now) ?? [];
                if (levels.Values.FirstOrDefault(level => !IsLevel(level)) is not null)
                {
                    return $"names a level that is none of {string.Join(", ", Enum.GetNames<LogLevel>())}";
                }

                text = now;
                Data = levels.ToDictionary(
                    level => $"Logging:LogLevel:{level.Key}",
                    string? (level) => level.Value,
                    StringComparer.OrdinalIgnoreCase
                );
                OnReload();
                return null;
            }
            catch (JsonException)
            {
                return """is no JSON object of categories and levels, for example {"FastKv.Redis": "Debug"}""";
            }
            catch (Exception exception)
                when (exception is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return "names a file that can't be read";
            }
        }

        private static bool IsLevel(string level) =>
            Enum.GetNames<LogLevel>().Contains(level, StringComparer.OrdinalIgnoreCase);
    }
}
