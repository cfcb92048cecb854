namespace FastKv.Load.Cli;

/// <summary>The command line, or the machine, does not allow what was asked: one sentence and exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
