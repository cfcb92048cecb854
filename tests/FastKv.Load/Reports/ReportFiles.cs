using FastKv.Load.Target;

namespace FastKv.Load.Reports;

/// <summary>Where reports go: by default a folder of the repository that git ignores; one name for each run.</summary>
internal static class ReportFiles
{
    public static string DefaultFolder => Path.Combine(ServiceBuild.FindRoot() ?? "", "artifacts", "load");

    /// <returns>The whole path: from where the program runs is not always from where it was called.</returns>
    public static string Write(string folder, string name, DateTimeOffset at, string extension, string content)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(Path.GetFullPath(folder), $"{name}-{at:yyyyMMdd-HHmmss}.{extension}");
        File.WriteAllText(path, content);
        return path;
    }
}
