using System.CommandLine;
using FastKv.Auth;
using FastKv.Features.Users;
using FastKv.Redis;

namespace FastKv.Admin;

/// <summary>
/// <c>admin user delete</c>: what <c>POST /api/account/delete</c> does, without the password, and to the end: it returns when nothing
/// of the user is left but the tombstone. Each step can be done again, so a second run finishes what a first one began.
/// </summary>
internal static class DeleteUser
{
    /// <summary>How often it is looked whether a replica of the service that has the lease is done.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long the steps that make the user go may take; nobody waits for an answer over HTTP.</summary>
    private static readonly TimeSpan PatienceWithStore = TimeSpan.FromMinutes(1);

    public static Command Create(AdminRunner runner)
    {
        var user = new UserArgument();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var json = JsonOption.Create("one object");
        var command = new Command(
            "delete",
            "Delete a user and everything that is stored of them, for ever. It can be stopped and run again."
        )
        {
            yes,
            json,
        };
        user.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                runner.OnStoreAsync(
                    async store =>
                    {
                        var found = await user.FindAsync(parsed, store, runner.Console, cancellation);
                        var deletion = new UserDeletion(store, runner.Console, cancellation);
                        if (found is null && (user.IdOf(parsed) is not { } id || !await deletion.HasDataAsync(id)))
                        {
                            return UserArgument.NotFound(runner.Console);
                        }

                        found ??= new FoundUser(user.IdOf(parsed)!, null, null);
                        return parsed.GetValue(yes) || Confirm(found, runner.Console)
                            ? await deletion.RunAsync(found, parsed.GetValue(json))
                            : ExitCode.WrongUsage;
                    },
                    cancellation
                )
        );
        return command;
    }

    private static bool Confirm(FoundUser found, AdminConsole console)
    {
        if (!console.CanAsk)
        {
            console.Tell("There is no terminal to ask for a confirmation; nothing was deleted. Give --yes to delete.");
            return false;
        }

        var name = found.User?.Username ?? found.UserId;
        console.Tell($"This deletes {name} ({found.UserId}) and all data of this user, for ever.");
        if (console.Ask($"Type {name} to confirm: ") == name)
        {
            return true;
        }

        console.Tell("That is another name; nothing was deleted.");
        return false;
    }

    private sealed class UserDeletion(AdminStore store, AdminConsole console, CancellationToken cancellation)
    {
        private long removed;

        /// <summary>Whether anything but a tombstone is stored under an id.</summary>
        public async Task<bool> HasDataAsync(string userId)
        {
            await foreach (var page in LeftAsync(userId))
            {
                if (page.Length > 0)
                {
                    return true;
                }
            }

            return false;
        }

        public async Task<int> RunAsync(FoundUser found, bool isJson)
        {
            await store.Deletions.BeginAsync(
                new UserCredentials(
                    found.UserId,
                    found.User?.Username ?? found.Deletion?.Username ?? "",
                    found.User?.Email ?? found.Deletion?.Email ?? "",
                    "",
                    0
                ),
                new StoreDeadline(PatienceWithStore)
            );
            console.Tell(
                "The user is gone: nobody can sign in, no token is good, the names are free. Removing the data."
            );
            while (!await store.Deletions.RemoveAllAsync(found.UserId, cancellation, Count))
            {
                // A replica of the service was faster. Either it finishes, or its lease ends.
                console.Progress(() => "a replica of the service is removing the data");
                await Task.Delay(PollInterval, cancellation);
            }

            await store.Deletions.FinishAsync(found.UserId);
            await RemoveUnlistedAsync(found.UserId);
            var ended = await store.Sessions.FindEndedAsync(found.UserId);
            var line = new DeletedUser(found.UserId, removed, AdminConsole.Moment(ended.Until, "-"));
            if (isJson)
            {
                console.Write(line, AdminJson.Lines.DeletedUser);
            }
            else
            {
                console.Write(
                    $"{line.UserId}: deleted, with {AdminConsole.Number(removed)} keys. Its tombstone, without a name, goes on {line.TombstoneUntil}."
                );
            }

            return ExitCode.Done;
        }

        /// <summary>Removes what no index names: values of other clients, or of a version without listing.</summary>
        private async Task RemoveUnlistedAsync(string userId)
        {
            await foreach (var page in LeftAsync(userId))
            {
                await Task.WhenAll(page.Select(store.Redis.DeleteAsync));
                Count(page.Length);
            }
        }

        /// <summary>What is stored of a user beside the tombstone and the lease.</summary>
        private async IAsyncEnumerable<StackExchange.Redis.RedisKey[]> LeftAsync(string userId)
        {
            long steps = 0;
            await foreach (var page in store.Scan.KeysAsync($"{store.Keys.Prefix}*{{{userId}}}*", cancellation))
            {
                steps++;
                console.Progress(() =>
                    $"looking for what no index names: {AdminConsole.Number(steps * StoreScan.PageLength)} keys so far"
                );
                yield return
                [
                    .. page.Where(key =>
                        store.Keys.Parse(key) is { Kind: not ("ended" or "deletion") } name && name.UserId == userId
                    ),
                ];
            }
        }

        private void Count(int entries)
        {
            removed += entries;
            console.Progress(() => $"removed {AdminConsole.Number(removed)} keys");
        }
    }
}

/// <summary>A user who was deleted.</summary>
/// <param name="UserId">The user.</param>
/// <param name="KeysRemoved">How many keys this run has removed; what a replica of the service removed meanwhile is not counted.</param>
/// <param name="TombstoneUntil">When the tombstone goes, which keeps tokens of the user from being good.</param>
internal sealed record DeletedUser(string UserId, long KeysRemoved, string TombstoneUntil);
