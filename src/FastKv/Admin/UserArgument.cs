using System.CommandLine;
using FastKv.Features.Users;

namespace FastKv.Admin;

/// <summary>How a command is told which user is meant: <c>USER</c>, a username or an email address, or <c>--id</c>.</summary>
internal sealed class UserArgument
{
    private readonly Argument<string?> name = new("USER")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "A username or an email address, in any case.",
    };

    private readonly Option<string?> id = new("--id")
    {
        HelpName = "USER_ID",
        Description = "The user_id instead, also of a user who is gone. All users are looked at to find it.",
    };

    /// <summary>Lets a command take it.</summary>
    /// <param name="command">The command.</param>
    /// <param name="orElse">What stands for nobody in particular; null if somebody must be named.</param>
    public void AddTo(Command command, Option<bool>? orElse = null)
    {
        command.Add(name);
        command.Add(id);
        command.Validators.Add(result =>
        {
            var given = (result.GetValue(name) is null ? 0 : 1) + (result.GetValue(id) is null ? 0 : 1);
            given += orElse is not null && result.GetValue(orElse) ? 1 : 0;
            if (given != 1)
            {
                result.AddError(
                    orElse is null
                        ? "Name one user: USER or --id USER_ID."
                        : $"Name one user, USER or --id USER_ID, or give {orElse.Name}."
                );
            }
            else if (result.GetValue(id) is { } text && !IsUserId(text))
            {
                result.AddError("--id takes a user_id, which is letters and digits.");
            }
        });
    }

    /// <summary>The user_id that was given; null if it was not.</summary>
    public string? IdOf(ParseResult parsed) => parsed.GetValue(id);

    /// <summary>Finds the user; null if there is none.</summary>
    public Task<FoundUser?> FindAsync(
        ParseResult parsed,
        AdminStore store,
        AdminConsole console,
        CancellationToken cancellation
    )
    {
        if (parsed.GetValue(id) is { } userId)
        {
            long looked = 0;
            return store.Users.ByIdAsync(userId, Look, cancellation);

            void Look(int users)
            {
                looked += users;
                console.Progress(() => $"looked at {AdminConsole.Number(looked)} users");
            }
        }

        var text = parsed.GetValue(name)!;
        return text.Contains('@') ? store.Users.ByEmailAsync(text) : store.Users.ByUsernameAsync(text);
    }

    /// <summary>Says that there is no such user.</summary>
    public static int NotFound(AdminConsole console)
    {
        console.Tell("There is no such user.");
        return ExitCode.NotFound;
    }

    // Letters and digits only, also because it goes into a pattern of SCAN.
    private static bool IsUserId(string text) => text.Length is > 0 and <= 64 && text.All(char.IsAsciiLetterOrDigit);
}

/// <summary>The option <c>--json</c>.</summary>
internal static class JsonOption
{
    public static Option<bool> Create(string form) => new("--json") { Description = $"The result as JSON: {form}." };
}
