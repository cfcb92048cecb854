using System.CommandLine;

namespace FastKv.Admin;

/// <summary><c>admin user sign-out</c>: ends all sessions of a user, as the user's own sign-out of all does.</summary>
internal static class SignOutUser
{
    public static Command Create(AdminRunner runner)
    {
        var user = new UserArgument();
        var json = JsonOption.Create("one object");
        var command = new Command(
            "sign-out",
            "End all sessions of a user: from then on every replica refuses their tokens. The user can sign in again."
        )
        {
            json,
        };
        user.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                runner.OnStoreAsync(
                    async store =>
                        await user.FindAsync(parsed, store, runner.Console, cancellation) is { User: not null } found
                            ? await RunAsync(found.UserId, parsed.GetValue(json), store, runner.Console)
                            : UserArgument.NotFound(runner.Console),
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(string userId, bool isJson, AdminStore store, AdminConsole console)
    {
        var next = await store.Sessions.EndAllAsync(userId, atLeastUntil: 0);

        // Of a user who is being deleted all sessions have ended for ever, and none begins.
        DateTimeOffset? before = next == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(next - 1);
        var line = new SignedOutUser(userId, before is null ? null : AdminConsole.Moment(before, ""));
        if (isJson)
        {
            console.Write(line, AdminJson.Lines.SignedOutUser);
        }
        else
        {
            console.Write(
                before is null
                    ? $"{userId}: the user is being deleted; all sessions had ended."
                    : $"{userId}: all sessions that began before {line.SignedOutBefore} have ended."
            );
        }

        return ExitCode.Done;
    }
}

/// <summary>A user whose sessions have ended.</summary>
/// <param name="UserId">The user.</param>
/// <param name="SignedOutBefore">Sessions that began before have ended; null if all have for ever.</param>
internal sealed record SignedOutUser(string UserId, string? SignedOutBefore);
