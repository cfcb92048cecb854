namespace FastKv.Load.Target;

/// <summary>A temporary folder for scripts and data of one run.</summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("fastkv-load-");

    public string FullName => folder.FullName;

    public string Write(string name, string content)
    {
        var path = Path.Combine(FullName, name);
        File.WriteAllText(path, content);
        return path;
    }

    public void Dispose() => folder.Delete(recursive: true);
}
