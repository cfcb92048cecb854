namespace FastKv.Tests.Harness;

internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("fastkv-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
