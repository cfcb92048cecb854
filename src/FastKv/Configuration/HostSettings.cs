using Microsoft.Extensions.Logging.Console;

namespace FastKv.Configuration;

/// <summary>
/// Settings that ASP.NET and its logging read by themselves. Each is taken, or refused like one of ours: left to them, a wrong one
/// is ignored or ends the program with a stack trace.
/// </summary>
internal static class HostSettings
{
    private const string LogLevels = "LogLevel";

    private static readonly string[] Formatters =
    [
        ConsoleFormatterNames.Json,
        ConsoleFormatterNames.Simple,
        ConsoleFormatterNames.Systemd,
    ];

    private static readonly string[] ConsoleMembers =
    [
        LogLevels,
        nameof(ConsoleLoggerOptions.FormatterName),
        "FormatterOptions",
        nameof(ConsoleLoggerOptions.LogToStandardErrorThreshold),
    ];

    /// <summary>Names that have no effect here, or one that nobody wants, and what to do instead.</summary>
    private static readonly (string Key, string Variable, string Instead)[] Refused =
    [
        (
            "AllowedHosts",
            "AllowedHosts",
            "FastKv answers whatever the Host header names; leave it out, and let the proxy in front decide"
        ),
        (
            "HTTPS_PORTS",
            "ASPNETCORE_HTTPS_PORTS",
            "TLS ends in front of FastKv; set ASPNETCORE_URLS to http://host:port"
        ),
        (
            "SHUTDOWNTIMEOUTSECONDS",
            "ASPNETCORE_SHUTDOWNTIMEOUTSECONDS",
            "how long requests in flight have at the end is FastKv__Http__ShutdownSeconds"
        ),
        (
            "CAPTURESTARTUPERRORS",
            "ASPNETCORE_CAPTURESTARTUPERRORS",
            "a program that can't start ends and says why; leave it out"
        ),
    ];

    /// <summary>Reads where settings are: the environment, the command line, and, if there are such, appsettings.json and a folder of
    /// secrets.</summary>
    /// <exception cref="InvalidSettingException">A file or its folder can't be read.</exception>
    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        try
        {
            // They are read once. Watching for changes would watch everything that happens in the working directory.
            var builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false", .. args]);
            SecretFiles.Add(builder.Configuration);
            return builder;
        }
        catch (DirectoryNotFoundException)
        {
            throw new InvalidSettingException(
                "ASPNETCORE_CONTENTROOT names a folder that does not exist; set it to the one where appsettings.json is, or leave it out."
            );
        }
        catch (Exception unreadable)
            when (unreadable is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidSettingException(
                "The file appsettings.json (or appsettings.ENVIRONMENT.json) in the working directory, or in ASPNETCORE_CONTENTROOT, can't be read as JSON; mend it, or remove it."
            );
        }
    }

    /// <exception cref="InvalidSettingException">One is wrong, or has no place here.</exception>
    public static void Check(IConfiguration configuration)
    {
        foreach (var (key, variable, instead) in Refused)
        {
            if (configuration[key] is { } value && !MeansNothing(value))
            {
                throw new InvalidSettingException($"{variable} must not be set: {instead}.");
            }
        }

        if (configuration.GetSection("Kestrel").GetChildren().FirstOrDefault() is { } kestrel)
        {
            throw new InvalidSettingException(
                $"{Setting.VariableName(kestrel.Path)} must not be set: where to listen is ASPNETCORE_URLS, and limits are FastKv__Limits__MaxConnections and its neighbours."
            );
        }

        CheckLogging(configuration.GetSection("Logging"));
    }

    // What is empty is not set, as templates leave it; and these are the defaults.
    private static bool MeansNothing(string value) => value.Trim().ToLowerInvariant() is "" or "*" or "false" or "0";

    private static void CheckLogging(IConfigurationSection logging)
    {
        CheckLevels(logging.GetSection(LogLevels));
        foreach (var provider in logging.GetChildren())
        {
            CheckLevels(provider.GetSection(LogLevels));
        }

        var console = logging.GetSection("Console");
        foreach (var member in console.GetChildren())
        {
            if (!ConsoleMembers.Contains(member.Key, StringComparer.OrdinalIgnoreCase))
            {
                throw new InvalidSettingException(
                    $"The setting {Setting.VariableName(member.Path)} is unknown; below Logging__Console__ there are {string.Join(", ", ConsoleMembers)}."
                );
            }
        }

        CheckLevel(console.GetSection(nameof(ConsoleLoggerOptions.LogToStandardErrorThreshold)));
        var formatter = console[nameof(ConsoleLoggerOptions.FormatterName)];
        if (!string.IsNullOrWhiteSpace(formatter) && !Formatters.Contains(formatter, StringComparer.OrdinalIgnoreCase))
        {
            throw new InvalidSettingException("Logging__Console__FormatterName must be json, simple or systemd.");
        }

        CheckFormat(console.GetSection("FormatterOptions"));
    }

    private static void CheckLevels(IConfigurationSection levels)
    {
        foreach (var level in levels.GetChildren())
        {
            CheckLevel(level);
        }
    }

    private static void CheckLevel(IConfigurationSection level)
    {
        if (
            !string.IsNullOrEmpty(level.Value)
            && !Enum.GetNames<LogLevel>().Contains(level.Value, StringComparer.OrdinalIgnoreCase)
        )
        {
            throw new InvalidSettingException(
                $"{Setting.VariableName(level.Path)} must be one of {string.Join(", ", Enum.GetNames<LogLevel>())}."
            );
        }
    }

    private static void CheckFormat(IConfigurationSection format)
    {
        try
        {
            _ = format.Get<JsonConsoleFormatterOptions>();
            var simple = format.Get<SimpleConsoleFormatterOptions>();
            _ = DateTimeOffset.UnixEpoch.ToString(simple?.TimestampFormat, null);
        }
        catch (Exception unfit) when (unfit is InvalidOperationException or FormatException)
        {
            var names = string.Join(
                ", ",
                format.GetChildren().Select(member => $"{Setting.VariableName(member.Path)}={member.Value}")
            );
            throw new InvalidSettingException(
                $"Of these settings one can't be read: {names} (IncludeScopes, UseUtcTimestamp and SingleLine are true or false, TimestampFormat is as in .NET)."
            );
        }
    }
}
