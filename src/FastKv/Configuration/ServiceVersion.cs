using System.Reflection;

namespace FastKv.Configuration;

/// <summary>The release that this is, as Directory.Build.props names it.</summary>
internal static class ServiceVersion
{
    /// <summary>For example <c>1.0.0</c>, or <c>1.1.0-rc.1</c>.</summary>
    // What a build adds after a "+" is the revision of its source.
    public static string Text { get; } =
        typeof(ServiceVersion)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];
}
