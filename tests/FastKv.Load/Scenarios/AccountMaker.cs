using System.Net;
using System.Text.Json;

namespace FastKv.Load.Scenarios;

/// <summary>Registers users and signs them in, one after another: each costs the service two password hashes.</summary>
internal static class AccountMaker
{
    private static readonly TimeSpan PauseWhenBusy = TimeSpan.FromMilliseconds(250);

    public static async Task<Account> MakeAsync(HttpClient client, string username, CancellationToken cancellation)
    {
        using var registered = await ExpectAsync(client, () => ApiRequests.Register(username), cancellation);
        using var signedIn = await ExpectAsync(client, () => ApiRequests.SignIn(username), cancellation);
        return new Account(DataText(registered, "user_id"), username, DataText(signedIn, "access_token"));
    }

    /// <summary>Deletes an account with all that it stored.</summary>
    /// <param name="client">The client.</param>
    /// <param name="username">The account.</param>
    /// <param name="token">A token of it, if there is one. It may have ended.</param>
    /// <param name="cancellation">Ends the tries.</param>
    public static async Task DeleteAsync(
        HttpClient client,
        string username,
        string? token,
        CancellationToken cancellation
    )
    {
        if (token is not null)
        {
            using var request = ApiRequests.DeleteAccount(token);
            using var response = await client.DispatchAsync(request, cancellation);
            if (response.IsSuccessStatusCode)
            {
                return;
            }
        }

        using var signedIn = await ExpectAsync(client, () => ApiRequests.SignIn(username), cancellation);
        var next = DataText(signedIn, "access_token");
        using var deleted = await ExpectAsync(client, () => ApiRequests.DeleteAccount(next), cancellation);
    }

    private static async Task<JsonDocument> ExpectAsync(
        HttpClient client,
        Func<HttpRequestMessage> make,
        CancellationToken cancellation
    )
    {
        while (true)
        {
            using var request = make();
            using var response = await client.DispatchAsync(request, cancellation);
            if (response.StatusCode is HttpStatusCode.TooManyRequests)
            {
                await Task.Delay(PauseWhenBusy, cancellation);
                continue;
            }

            var body = await response.Content.ReadAsStringAsync(cancellation);
            return response.IsSuccessStatusCode
                ? JsonDocument.Parse(body)
                : throw new InvalidOperationException(
                    $"Preparing an account failed: {request.Method} {request.RequestUri} answered {(int)response.StatusCode}: {body}"
                );
        }
    }

    private static string DataText(JsonDocument answer, string name) =>
        answer.RootElement.GetProperty("data").GetProperty(name).GetString()
        ?? throw new InvalidOperationException($"The answer has no data.{name}.");
}
