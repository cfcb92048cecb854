using System.CommandLine;
using System.CommandLine.Help;
using FastKv.Configuration;
using FastKv.Redis;

namespace FastKv.Admin;

/// <summary>
/// <c>FastKv admin …</c>: operations for whoever can reach the Redis of the service. Nothing of this is loaded by the service itself.
/// </summary>
internal static class AdminCommand
{
    public const string Name = "admin";

    // What is under way when Ctrl+C comes is a command of Redis, which is answered or given up within its timeout.
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(15);

    /// <summary>Runs what the arguments say, on the console of this process.</summary>
    public static Task<int> RunAsync(string[] args) => RunAsync(args, AdminConsole.OfProcess(), []);

    /// <param name="args">The command line, <c>admin</c> included.</param>
    /// <param name="console">Where to write.</param>
    /// <param name="settings">Settings beside those of the environment, as the command line of the service takes them.</param>
    /// <param name="cancellation">Ends it as Ctrl+C does.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(
        string[] args,
        AdminConsole console,
        string[] settings,
        CancellationToken cancellation = default
    )
    {
        // An argument may begin with @, which is no name of a file here.
        var parsed = Root(new AdminRunner(console, settings))
            .Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var isHelp = parsed.Action is HelpAction;
        if (parsed.Errors.Count > 0 && !isHelp)
        {
            foreach (var error in parsed.Errors)
            {
                console.Tell(error.Message);
            }

            console.Tell($"See FastKv {string.Join(' ', Path(parsed.CommandResult.Command))} --help.");
            return ExitCode.WrongUsage;
        }

        var code = await parsed.InvokeAsync(
            new InvocationConfiguration
            {
                Output = console.Results,
                Error = console.Errors,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = StopTime,
            },
            cancellation
        );
        if (isHelp)
        {
            console.Results.Write(ExitCode.Help);
        }

        return code;
    }

    private static Command Root(AdminRunner runner) =>
        new("FastKv")
        {
            new HelpOption { Recursive = true },
            new Command(
                Name,
                "Operations for whoever runs the service, on its Redis and by its settings (environment variables); docs/admin.md. "
                    + "Results are on stdout, progress and errors on stderr."
            )
            {
                new Command("user", "Show, list, sign out or delete users.")
                {
                    ShowUser.Create(runner),
                    ListUsers.Create(runner),
                    SignOutUser.Create(runner),
                    DeleteUser.Create(runner),
                },
                Check.Create(runner),
                Doctor.Create(runner),
            },
        };

    private static Stack<string> Path(Command command)
    {
        var path = new Stack<string>();
        for (Symbol? at = command; at?.Parents.FirstOrDefault() is { } parent; at = parent)
        {
            path.Push(at.Name);
        }

        return path;
    }
}

/// <summary>Runs commands, and turns what can go wrong into a sentence and an exit code.</summary>
internal sealed class AdminRunner(AdminConsole console, string[] settings)
{
    public AdminConsole Console => console;

    public string[] Settings => settings;

    /// <summary>Runs a command on the store.</summary>
    public Task<int> OnStoreAsync(Func<AdminStore, Task<int>> command, CancellationToken cancellation) =>
        RunAsync(async () =>
        {
            await using var store = await AdminStore.OpenAsync(settings, cancellation);
            return await command(store);
        });

    /// <summary>Runs a command.</summary>
    public async Task<int> RunAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (InvalidSettingException wrong)
        {
            console.Tell(wrong.Message);
            return ExitCode.Failed;
        }
        catch (AdminException failure)
        {
            console.Tell(failure.Message);
            return failure.ExitCode;
        }
        catch (StoreUnavailableException outage)
        {
            console.Tell(
                $"Redis refused, or can't be reached: {outage.Reason}. {OutageCause.AdviceFor(OutageCause.OfReason(outage.Reason))} What was done stays; then run the command again."
            );
            return ExitCode.Unavailable;
        }
        catch (OutcomeUnknownException lost)
        {
            console.Tell(
                $"A reply of Redis was lost ({lost.Reason}), so the last step may be done or not. Run the command again: it goes on from there."
            );
            return ExitCode.Unavailable;
        }
        catch (OperationCanceledException)
        {
            console.Tell("Stopped. What was done stays; run the command again to go on.");
            return ExitCode.Stopped;
        }
        catch (Exception bug)
        {
            console.Tell($"Something failed that should not: {bug.GetType().Name}: {bug.Message}");
            return ExitCode.Failed;
        }
    }
}
