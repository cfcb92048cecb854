#if EMBEDDED_STORE
using System.Globalization;

namespace FastKv.Redis;

/// <summary>The files of the embedded store's log of commands, which are as long as the part of it that can be forgotten.</summary>
internal static class CommandLogFiles
{
    /// <summary>Bytes of one. The name ends with its number, and the first can be gone.</summary>
    public const long Bytes = 16 << 20;

    /// <summary>Bytes of those that earlier versions wrote.</summary>
    private const long EarlierBytes = 1 << 30;

    private const string Prefix = "aof.log.";

    /// <summary>Splits the files of an earlier version. A kill at any moment leaves one or the other.</summary>
    public static void Split(string directory)
    {
        var log = Path.Combine(directory, "AOF");
        var (made, replaced) = ($"{log}.made", $"{log}.replaced");
        if (Directory.Exists(replaced) && !Directory.Exists(log))
        {
            Directory.Move(made, log);
        }

        Delete(made);
        Delete(replaced);
        if (!Directory.Exists(log) || Files(log).All(file => file.Length <= Bytes))
        {
            return;
        }

        foreach (var file in new DirectoryInfo(log).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(made, Path.GetRelativePath(log, file.FullName));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            if (file.Name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                Split(file, made);
            }
            else
            {
                file.CopyTo(copy);
            }
        }

        Directory.Move(log, replaced);
        Directory.Move(made, log);
        Delete(replaced);
    }

    private static void Split(FileInfo file, string directory)
    {
        var number = long.Parse(file.Name.AsSpan(Prefix.Length), CultureInfo.InvariantCulture) * (EarlierBytes / Bytes);
        var buffer = new byte[Bytes];
        using var whole = file.OpenRead();
        for (int length; (length = whole.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0; number++)
        {
            using var part = new FileStream(Path.Combine(directory, $"{Prefix}{number}"), FileMode.Create);
            part.Write(buffer.AsSpan(0, length));
            part.Flush(flushToDisk: true);
        }
    }

    private static IEnumerable<FileInfo> Files(string log) => new DirectoryInfo(log).EnumerateFiles($"{Prefix}*");

    private static void Delete(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
#endif
