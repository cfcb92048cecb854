using System.Runtime.InteropServices;
using FastKv.Load.Bench;
using FastKv.Load.Cli;
using Spectre.Console;

namespace FastKv.Load;

/// <summary>A named class, not top-level statements: the tests refer to this program and to the service at once.</summary>
internal static class LoadProgram
{
    public static async Task<int> Main(string[] args)
    {
        if (Console.IsOutputRedirected)
        {
            // Nobody's terminal: a table is not broken for want of room.
            AnsiConsole.Profile.Width = 120;
        }

        using var interrupted = new CancellationTokenSource();
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        try
        {
            return await RunAsync(args, interrupted.Token);
        }
        catch (UsageException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return ExitCode.NotRun;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Interrupted.");
            return ExitCode.NotRun;
        }
        catch (Exception failure)
            when (failure is InvalidOperationException or HttpRequestException or TimeoutException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return ExitCode.NotRun;
        }

        // Ending what was started comes first: the signal must not end this process before its children.
        void Cancel(PosixSignalContext signal)
        {
            signal.Cancel = true;
            interrupted.Cancel();
        }
    }

    private static Task<int> RunAsync(string[] args, CancellationToken cancellation)
    {
        var arguments = Arguments.Parse(args);
        var commandLine = string.Join(' ', args);
        if (arguments.Words.Count == 0 || arguments.Flag("--help"))
        {
            Console.WriteLine(Usage.Text);
            return Task.FromResult(ExitCode.Fine);
        }

        return arguments.Words[0] switch
        {
            "run" => new RunCommand(RunOptions.From(arguments, commandLine)).RunAsync(cancellation),
            "nbomber" => NBomber(RunOptions.From(arguments, commandLine), cancellation),
            "bench" => BenchCommand.RunAsync(arguments, commandLine, cancellation),
            BareServer.Command => BareServer.RunAsync(arguments, cancellation),
            TelemetrySink.Command => TelemetrySink.RunAsync(arguments, cancellation),
            OwnDriver.Command => OwnDriver.ServeAsync(arguments, cancellation),
            LargeClients.Command => LargeClients.ServeAsync(arguments, cancellation),
            var other => throw new UsageException($"There is no command '{other}'. See --help."),
        };
    }

#if USE_NBOMBER
    private static Task<int> NBomber(RunOptions options, CancellationToken cancellation) =>
        Running.NBomberFront.RunAsync(options, cancellation);
#else
    private static Task<int> NBomber(RunOptions options, CancellationToken cancellation) =>
        throw new UsageException("This build has no NBomber in it: build with -p:UseNBomber=true.");
#endif
}
