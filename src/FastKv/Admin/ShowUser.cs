using System.CommandLine;
using FastKv.Auth;
using FastKv.Features.Users;

namespace FastKv.Admin;

/// <summary><c>admin user show</c>: what is stored of a user, but for the values and the hash of the password.</summary>
internal static class ShowUser
{
    public static Command Create(AdminRunner runner)
    {
        var user = new UserArgument();
        var json = JsonOption.Create("one object");
        var command = new Command(
            "show",
            "Show what is stored of a user: profile, number of keys, ended sessions, deletion. Never the hash of the password, and no values."
        )
        {
            json,
        };
        user.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                runner.OnStoreAsync(
                    store => RunAsync(parsed, user, parsed.GetValue(json), store, runner.Console, cancellation),
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        ParseResult parsed,
        UserArgument user,
        bool isJson,
        AdminStore store,
        AdminConsole console,
        CancellationToken cancellation
    )
    {
        if (await user.FindAsync(parsed, store, console, cancellation) is not { } found)
        {
            return user.IdOf(parsed) is { } userId
                ? await TellWhatIsLeftAsync(userId, store, console)
                : UserArgument.NotFound(console);
        }

        var shown = ShownUser.Of(
            found,
            await store.Accounts.CountKeysAsync(found.UserId),
            await store.Sessions.FindEndedAsync(found.UserId)
        );
        if (isJson)
        {
            console.Write(shown, AdminJson.Lines.ShownUser);
        }
        else
        {
            shown.WriteTo(console);
        }

        return ExitCode.Done;
    }

    private static async Task<int> TellWhatIsLeftAsync(string userId, AdminStore store, AdminConsole console)
    {
        var count = await store.Accounts.CountKeysAsync(userId);
        var ended = await store.Sessions.FindEndedAsync(userId);
        console.Tell(
            (count, ended.IsForEver) switch
            {
                (> 0, _) =>
                    $"There is no such user, but {AdminConsole.Number(count)} keys under this id; user delete --id {userId} removes them.",
                (_, true) =>
                    $"There is no such user any more; the tombstone, without a name, goes on {AdminConsole.Moment(ended.Until, "")}.",
                _ => "There is no such user.",
            }
        );
        return ExitCode.NotFound;
    }
}

/// <summary>A user, for an operator.</summary>
internal sealed class ShownUser
{
    public required string UserId { get; init; }

    public required string? Username { get; init; }

    public required string? Email { get; init; }

    public required string? FullName { get; init; }

    public required int? Age { get; init; }

    public required string? Gender { get; init; }

    public required string? CreatedAt { get; init; }

    /// <summary>When the password was changed last; null if it never was.</summary>
    public required string? PasswordChangedAt { get; init; }

    /// <summary>How many entries there are.</summary>
    public required long Keys { get; init; }

    /// <summary>Sessions that began before have ended; null if no such moment is kept.</summary>
    public required string? SignedOutBefore { get; init; }

    /// <summary>Single sessions that are kept as ended beside.</summary>
    public required int SignedOutSessions { get; init; }

    /// <summary><c>active</c>, or <c>deleting</c> while something is left to be removed.</summary>
    public required string State { get; init; }

    /// <summary>When the deletion was noted; null if it is not.</summary>
    public required string? DeletedAt { get; init; }

    public static ShownUser Of(FoundUser found, long keys, EndedSessions ended) =>
        new()
        {
            UserId = found.UserId,
            Username = found.User?.Username ?? found.Deletion?.Username,
            Email = found.User?.Email ?? found.Deletion?.Email,
            FullName = found.User?.FullName,
            Age = found.User?.Age,
            Gender = found.User?.Gender,
            CreatedAt = Text(found.User?.CreatedAt),
            PasswordChangedAt = Text(found.User?.PasswordChangedAt),
            Keys = keys,
            SignedOutBefore = Text(ended.Before),
            SignedOutSessions = ended.Singles,
            State = found.Deletion is null ? "active" : "deleting",
            DeletedAt = Text(found.Deletion?.Since),
        };

    public void WriteTo(AdminConsole console)
    {
        Write("user_id", UserId);
        Write("username", Username);
        Write("email", Email);
        Write("full_name", FullName);
        Write("age", Age?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Write("gender", Gender);
        Write("created_at", CreatedAt);
        Write("password_changed_at", PasswordChangedAt ?? "never");
        Write("keys", AdminConsole.Number(Keys));
        Write("signed_out_before", SignedOutBefore ?? "never");
        Write("signed_out_sessions", AdminConsole.Number(SignedOutSessions));
        Write("state", State);
        if (DeletedAt is not null)
        {
            Write("deleted_at", DeletedAt);
        }

        void Write(string name, string? value) => console.Write($"{name, -20} {value ?? "-"}");
    }

    private static string? Text(DateTimeOffset? moment) => moment is null ? null : AdminConsole.Moment(moment, "");
}
