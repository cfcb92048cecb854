namespace FastKv.Admin;

/// <summary>How a command ended, for scripts.</summary>
internal static class ExitCode
{
    /// <summary>What was asked for is done, or was found in order.</summary>
    public const int Done = 0;

    /// <summary>A setting is wrong, or something else went wrong; the sentence on stderr says what.</summary>
    public const int Failed = 1;

    /// <summary>The command line can't be understood, or nobody can be asked for a confirmation.</summary>
    public const int WrongUsage = 2;

    /// <summary>There is no such user.</summary>
    public const int NotFound = 3;

    /// <summary>The command was carried out and found something that is not as it should be.</summary>
    public const int Findings = 4;

    /// <summary>Redis can't be reached, or refuses. What was done stays; the command can be given again.</summary>
    public const int Unavailable = 5;

    /// <summary>Ended by Ctrl+C or SIGTERM (128 and the number of SIGINT). What was done stays; the command can be given again.</summary>
    public const int Stopped = 130;

    /// <summary>What stands at the end of every help text.</summary>
    public const string Help = """
        Exit codes:
          0    done, or all is in order
          1    a setting is wrong, or something failed
          2    wrong usage, or a confirmation is needed: --yes
          3    no such user
          4    check or doctor has found something
          5    Redis can't be reached, or refuses; run it again
          130  stopped; what was done stays, run it again

        """;
}

/// <summary>A command can't go on. The message is a sentence for the operator.</summary>
internal sealed class AdminException(int exitCode, string message) : Exception(message)
{
    public int ExitCode => exitCode;
}
