using System.Net.Sockets;
using System.Text;
using FastKv.Configuration;

namespace FastKv.Server;

/// <summary>A unix socket to listen on, at a path in the file system.</summary>
internal static class UnixSocket
{
    /// <summary>Bytes of a path (sun_path of unix(7), less its end).</summary>
    private const int MaximumPath = 107;

    /// <summary>Sees to it that the server can listen there, and removes what a process that was killed has left.</summary>
    /// <exception cref="InvalidSettingException">It can't.</exception>
    public static void Prepare(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) > MaximumPath)
        {
            throw Refused(path, $"the path is too long ({MaximumPath} bytes are the most)");
        }

        if (!Directory.Exists(Path.GetDirectoryName(path)))
        {
            throw Refused(path, "its folder does not exist");
        }

        if (IsOther(path))
        {
            throw Refused(path, "what is there is no socket");
        }

        if (IsListening(path))
        {
            throw Refused(path, "another program listens there");
        }

        try
        {
            // The server would find out too, but with a stack trace in the log.
            File.Delete(path);
            using var socket = NewSocket();
            socket.Bind(new UnixDomainSocketEndPoint(path));
        }
        catch (Exception refused) when (refused is SocketException or IOException or UnauthorizedAccessException)
        {
            throw Refused(path, "this user may not listen there");
        }
        finally
        {
            DeleteOwn(path);
        }
    }

    private static InvalidSettingException Refused(string path, string why) =>
        new(
            $"FastKv can't listen on the unix socket {path}, because {why}; set ASPNETCORE_URLS to http://unix: and another path."
        );

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static bool IsListening(string path)
    {
        try
        {
            using var socket = NewSocket();
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Whether a folder or a file is there that can be opened, as no socket can.</summary>
    private static bool IsOther(string path)
    {
        if (Directory.Exists(path))
        {
            return true;
        }

        try
        {
            using var file = File.OpenHandle(path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void DeleteOwn(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then it was not made either.
        }
    }
}
