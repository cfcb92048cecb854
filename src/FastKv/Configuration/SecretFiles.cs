using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace FastKv.Configuration;

/// <summary>
/// Settings in files, one each: the file <c>ConnectionStrings__Redis</c> in the folder <c>FastKv__SecretsDirectory</c> is the
/// environment variable of that name, for secrets that a container gets as a mounted volume.
/// </summary>
internal static class SecretFiles
{
    public const string Setting = "SecretsDirectory";

    public const string Variable = $"{Configuration.Setting.Root}__{Setting}";

    /// <summary>
    /// Adds the files below the environment, which stands above every file, appsettings.json too: what somebody sets for one
    /// start holds, whatever is mounted.
    /// </summary>
    /// <exception cref="InvalidSettingException">The folder or a file in it can't be read.</exception>
    public static void Add(ConfigurationManager configuration)
    {
        if (configuration[$"{Configuration.Setting.Root}:{Setting}"] is not { } directory)
        {
            return;
        }

        if (!Path.IsPathRooted(directory) || !Directory.Exists(directory))
        {
            throw new InvalidSettingException(
                $"{Variable} is {directory}, which is no folder; set it to the absolute path of the one where the secrets are mounted, or leave it out."
            );
        }

        try
        {
            // A trailing line break, as editors leave it, is not part of the value; and what begins with a dot, as the links do by
            // which Kubernetes exchanges all files at once, is no setting.
            configuration.AddKeyPerFile(directory, optional: false, reloadOnChange: false);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new InvalidSettingException(
                $"A file in {directory} ({Variable}) can't be read ({unreadable.Message.TrimEnd('.')}); let this user read it, or remove it."
            );
        }

        var sources = ((IConfigurationBuilder)configuration).Sources;
        var files = sources[^1];
        sources.RemoveAt(sources.Count - 1);
        var environment = sources.OfType<EnvironmentVariablesConfigurationSource>().Last();
        sources.Insert(sources.IndexOf(environment), files);
    }
}
