using System.Globalization;

namespace FastKv.Configuration;

/// <summary>Reads a section of the configuration into a typed options object and refuses what does not fit.</summary>
internal static class Setting
{
    public const string Root = "FastKv";

    /// <summary>Refuses what stands directly below <c>FastKv</c> and is none of these.</summary>
    /// <exception cref="InvalidSettingException">A name is unknown.</exception>
    public static void RefuseUnknownGroups(IConfiguration configuration, params string[] known)
    {
        foreach (var child in configuration.GetSection(Root).GetChildren())
        {
            if (!known.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                throw new InvalidSettingException(
                    $"The setting {VariableName(child.Path)} is unknown; below {Root}__ there are "
                        + string.Join(", ", known)
                        + "."
                );
            }
        }
    }

    /// <summary>Binds <c>FastKv:{group}</c>. A misspelt or unparsable setting stops the program instead of being ignored.</summary>
    /// <exception cref="InvalidSettingException">A value has the wrong type or a name is unknown.</exception>
    public static T Bind<T>(IConfiguration configuration, string group)
        where T : class, new()
    {
        var path = $"{Root}:{group}";
        var options = new T();
        var section = configuration.GetSection(path);
        if (!string.IsNullOrEmpty(section.Value))
        {
            throw new InvalidSettingException(
                $"{VariableName(path)} is a group of settings and has no value of its own; the settings are {NamesOf<T>(path)}."
            );
        }

        foreach (var child in section.GetChildren())
        {
            var property =
                typeof(T).GetProperty(child.Key, BindingFlagsOfSettings)
                ?? throw new InvalidSettingException(
                    $"The setting {VariableName(child.Path)} is unknown; the settings of this group are {NamesOf<T>(path)}."
                );
            RequireType(child, property.PropertyType);
        }

        section.Bind(options);
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

    private static string NamesOf<T>(string path) =>
        string.Join(", ", typeof(T).GetProperties().Select(property => VariableName($"{path}:{property.Name}")));

    private static void RequireType(IConfigurationSection setting, Type type)
    {
        var name = VariableName(setting.Path);
        if (type.IsArray)
        {
            if (!string.IsNullOrEmpty(setting.Value))
            {
                throw new InvalidSettingException($"{name} is a list; set its first entry as {name}__0.");
            }

            if (setting.GetChildren().FirstOrDefault(entry => entry.Value is "") is { } empty)
            {
                throw new InvalidSettingException(
                    $"{VariableName(empty.Path)} is empty; give it a value, or leave it out."
                );
            }

            if (setting.GetChildren().FirstOrDefault(IsNoEntry) is { } wrong)
            {
                throw new InvalidSettingException(
                    $"{VariableName(wrong.Path)} is no entry of a list; number the entries {name}__0, {name}__1 and so on."
                );
            }
        }
        else if (setting.GetChildren().FirstOrDefault() is { } nested)
        {
            throw new InvalidSettingException(
                $"The setting {VariableName(nested.Path)} is unknown; set {name} itself."
            );
        }
        else if (type == typeof(bool) && !bool.TryParse(setting.Value, out _))
        {
            throw new InvalidSettingException($"{name} must be true or false.");
        }
        else if (
            (type == typeof(int) || (type == typeof(int?) && !string.IsNullOrEmpty(setting.Value)))
            && !int.TryParse(setting.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
        )
        {
            throw new InvalidSettingException($"{name} is no whole number; write it in digits only.");
        }
    }

    private static bool IsNoEntry(IConfigurationSection entry) =>
        string.IsNullOrEmpty(entry.Value)
        || !int.TryParse(entry.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private const System.Reflection.BindingFlags BindingFlagsOfSettings =
        System.Reflection.BindingFlags.Public
        | System.Reflection.BindingFlags.Instance
        | System.Reflection.BindingFlags.IgnoreCase;
}
