namespace FastKv.Load.Reports;

/// <summary>Where reports go: a folder that git ignores, one name for each run.</summary>
internal static class ReportFiles
{
    public const string DefaultFolder = "artifacts/load";

    public static string Write(string folder, string name, DateTimeOffset at, string extension, string content)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"{name}-{at:yyyyMMdd-HHmmss}.{extension}");
        File.WriteAllText(path, content);
        return path;
    }
}
