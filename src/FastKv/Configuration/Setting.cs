namespace FastKv.Configuration;

/// <summary>Reads a section of the configuration into a typed options object and refuses what does not fit.</summary>
internal static class Setting
{
    public const string Root = "FastKv";

    /// <summary>Binds <c>FastKv:{section}</c>. A misspelt or unparsable setting stops the program instead of being ignored.</summary>
    /// <exception cref="InvalidSettingException">A value has the wrong type or a name is unknown.</exception>
    public static T Bind<T>(IConfiguration configuration, string section)
        where T : class, new()
    {
        var path = $"{Root}:{section}";
        var options = new T();
        foreach (var child in configuration.GetSection(path).GetChildren())
        {
            if (typeof(T).GetProperty(child.Key, BindingFlagsOfSettings) is null)
            {
                throw new InvalidSettingException(
                    $"The setting {VariableName(child.Path)} is unknown; the settings of this group are "
                        + string.Join(", ", typeof(T).GetProperties().Select(p => VariableName($"{path}:{p.Name}")))
                        + "."
                );
            }
        }

        try
        {
            configuration.GetSection(path).Bind(options);
        }
        catch (InvalidOperationException)
        {
            throw new InvalidSettingException(
                $"A setting of {VariableName(path)} has a value of the wrong type; numbers are written in digits only."
            );
        }

        return options;
    }

    /// <summary>Refuses a number that is outside the bounds that the program can keep.</summary>
    public static void RequireRange(string path, long value, long minimum, long maximum)
    {
        if (value < minimum || value > maximum)
        {
            throw new InvalidSettingException(
                $"{VariableName($"{Root}:{path}")} is {value}; set it to a number from {minimum} to {maximum}."
            );
        }
    }

    /// <summary>The environment variable that sets a configuration path.</summary>
    public static string VariableName(string path) => path.Replace(":", "__", StringComparison.Ordinal);

    private const System.Reflection.BindingFlags BindingFlagsOfSettings =
        System.Reflection.BindingFlags.Public
        | System.Reflection.BindingFlags.Instance
        | System.Reflection.BindingFlags.IgnoreCase;
}
