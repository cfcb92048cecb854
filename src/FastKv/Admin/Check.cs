using System.CommandLine;
using FastKv.Features.Users;

namespace FastKv.Admin;

/// <summary><c>admin check</c>: whether what the listing promises is stored, and the other way round.</summary>
internal static class Check
{
    public static Command Create(AdminRunner runner)
    {
        var user = new UserArgument();
        var all = new Option<bool>("--all") { Description = "All users." };
        var repair = new Option<bool>("--repair")
        {
            Description =
                "Repair what can be repaired without losing a value. Findings that were repaired do not count for the exit code.",
        };
        var json = JsonOption.Create("one object a line for each finding, and one with the numbers at the end");
        var command = new Command(
            "check",
            "Check that indexes, expiries, email claims and values agree, for one user or all, in small steps beside the running service. "
                + "Each finding is looked at again at one instant before it is told."
        )
        {
            all,
            repair,
            json,
        };
        user.AddTo(command, all);
        command.SetAction(
            (parsed, cancellation) =>
                runner.OnStoreAsync(
                    async store =>
                    {
                        var findings = new Findings(runner.Console, store.Keys, parsed.GetValue(json));
                        var check = new StoreCheck(
                            store,
                            runner.Console,
                            findings,
                            parsed.GetValue(repair),
                            cancellation
                        );
                        if (parsed.GetValue(all))
                        {
                            await check.CheckAllAsync();
                        }
                        else
                        {
                            var found = await user.FindAsync(parsed, store, runner.Console, cancellation);
                            if (found is null && user.IdOf(parsed) is null)
                            {
                                return UserArgument.NotFound(runner.Console);
                            }

                            await check.CheckAsync(found ?? new FoundUser(user.IdOf(parsed)!, null, null));
                            if (found is null && findings.Found == 0)
                            {
                                return UserArgument.NotFound(runner.Console);
                            }
                        }

                        return Conclude(check, findings, parsed.GetValue(json), runner.Console);
                    },
                    cancellation
                )
        );
        return command;
    }

    private static int Conclude(StoreCheck check, Findings findings, bool isJson, AdminConsole console)
    {
        var (users, names) = check.Looked;
        var summary = new CheckSummary(users, names, findings.Found, findings.Repaired);
        if (isJson)
        {
            console.Write(summary, AdminJson.Lines.CheckSummary);
        }
        else
        {
            console.Write(
                $"{AdminConsole.Number(users)} users and {AdminConsole.Number(names)} names looked at: {AdminConsole.Number(summary.Findings)} findings, {AdminConsole.Number(summary.Repaired)} repaired"
            );
        }

        return findings.Found > findings.Repaired ? ExitCode.Findings : ExitCode.Done;
    }
}

/// <summary>The numbers of a check.</summary>
/// <param name="Users">Users who were looked at.</param>
/// <param name="Names">Names of their keys that were looked at; most of them more than once.</param>
/// <param name="Findings">What was found.</param>
/// <param name="Repaired">How much of it was repaired.</param>
internal sealed record CheckSummary(long Users, long Names, long Findings, long Repaired);
