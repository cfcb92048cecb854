using FastKv.Tests.Deploy;

namespace FastKv.Tests.Harness;

/// <summary>The users of docs/redis.md, as whom the services and the operators of the tests speak to Redis.</summary>
internal static class RedisUser
{
    public const string Password = "of-the-tests";

    /// <summary>The service's user, for the end of a connection string.</summary>
    public const string Credentials = $"user=fastkv,password={Password}";

    /// <summary>Its name, password and rights, as arguments of redis-server behind <c>--user</c>.</summary>
    public static string[] Of(string user)
    {
        var begin = $"user {user} on >PASSWORD ";
        return File.ReadLines(Manifests.RepositoryFile("docs/redis.md"))
            .First(line => line.StartsWith(begin, StringComparison.Ordinal))["user ".Length..]
            .Replace("PASSWORD", Password, StringComparison.Ordinal)
            .Split(' ');
    }
}
