using System.CommandLine;
using FastKv.Features.Users;

namespace FastKv.Admin;

/// <summary><c>admin user list</c>: the users, as they come from the store, without holding them.</summary>
internal static class ListUsers
{
    public static Command Create(AdminRunner runner)
    {
        var prefix = new Option<string>("--prefix")
        {
            HelpName = "PREFIX",
            Description = "Only users whose names begin so, in any case.",
            DefaultValueFactory = _ => "",
        };
        prefix.Validators.Add(result =>
        {
            // No character of a pattern of SCAN is among those of a username.
            if (
                result.GetValueOrDefault<string>() is { Length: > 0 } text
                && !UserRules.IsUsername(text.PadRight(3, 'x'))
            )
            {
                result.AddError("--prefix takes what a username can begin with: letters, digits and _ . -");
            }
        });
        var json = JsonOption.Create("one object a line");
        var command = new Command(
            "list",
            "List users, one a line: user_id, username, when created. In no order; while Redis grows one may come twice."
        )
        {
            prefix,
            json,
        };
        command.SetAction(
            (parsed, cancellation) =>
                runner.OnStoreAsync(
                    store =>
                        RunAsync(parsed.GetValue(prefix)!, parsed.GetValue(json), store, runner.Console, cancellation),
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        string prefix,
        bool isJson,
        AdminStore store,
        AdminConsole console,
        CancellationToken cancellation
    )
    {
        await foreach (var page in store.Users.ListAsync(prefix, cancellation))
        {
            foreach (var user in page)
            {
                var line = new ListedUser(user.UserId, user.Username, AdminConsole.Moment(user.CreatedAt, "-"));
                if (isJson)
                {
                    console.Write(line, AdminJson.Lines.ListedUser);
                }
                else
                {
                    console.Write($"{line.UserId, -20}\t{line.Username}\t{line.CreatedAt}");
                }
            }
        }

        return ExitCode.Done;
    }
}

/// <summary>A user in a list.</summary>
internal sealed record ListedUser(string? UserId, string? Username, string CreatedAt);
