using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FastKv.Tests.Harness;

/// <summary>Speaks HTTP to a service: raw methods, targets and bodies, and the verbs that most tests begin with.</summary>
internal sealed class ApiClient(Uri address) : IDisposable
{
    private readonly HttpClient client = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
        }
    )
    {
        Timeout = TimeSpan.FromSeconds(30),
    };

    public Uri Address => address;

    /// <summary>A name that nobody else uses.</summary>
    public static string NewName(string prefix = "user") => $"{prefix}-{Guid.NewGuid():N}";

    /// <summary>The body of a registration that is legal; change it to make it otherwise.</summary>
    public static JsonObject Registration(string? username = null)
    {
        var name = username ?? NewName();
        return new JsonObject
        {
            ["username"] = name,
            ["email"] = $"{name}@example.com",
            ["password"] = "secure_password123",
            ["full_name"] = "John Doe",
            ["age"] = 30,
            ["gender"] = "male",
        };
    }

    /// <summary>Percent-encodes a key as a path segment.</summary>
    public static string PathOf(string key) => "/api/data/" + Uri.EscapeDataString(key);

    /// <summary>Sends a request. The target goes over the wire as it is.</summary>
    public async Task<Reply> SendAsync(
        HttpMethod method,
        string target,
        string? token = null,
        HttpContent? content = null,
        params (string Name, string Value)[] headers
    )
    {
        var uri = new Uri(
            address.GetLeftPart(UriPartial.Authority) + target,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }
        );
        using var request = new HttpRequestMessage(method, uri) { Content = content };
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            using var response = await client.SendAsync(request);
            return await Reply.ReadAsync(response);
        }
        catch (SocketException lost)
        {
            // HttpClient asks a connection that is just made for its peer, and lets out what it gets if that is gone again.
            throw new HttpRequestException(lost.Message, lost);
        }
    }

    public Task<Reply> GetAsync(string target, string? token = null) => SendAsync(HttpMethod.Get, target, token);

    /// <summary>Sends text as application/json.</summary>
    public Task<Reply> PostTextAsync(string target, string json, string? token = null) =>
        SendAsync(HttpMethod.Post, target, token, Json(json));

    public Task<Reply> PostAsync(string target, JsonNode body, string? token = null) =>
        PostTextAsync(target, body.ToJsonString(), token);

    public Task<Reply> PutAsync(string target, JsonNode body, string? token = null) =>
        SendAsync(HttpMethod.Put, target, token, Json(body.ToJsonString()));

    /// <summary>application/json without a charset.</summary>
    public static HttpContent Json(string json)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        return content;
    }

    public Task<Reply> StoreAsync(string token, string key, string value) =>
        PostAsync("/api/data", new JsonObject { ["key"] = key, ["value"] = value }, token);

    public Task<Reply> RetrieveAsync(string token, string key) => GetAsync(PathOf(key), token);

    public Task<Reply> UpdateAsync(string token, string key, string value) =>
        PutAsync(PathOf(key), new JsonObject { ["value"] = value }, token);

    public Task<Reply> DeleteAsync(string token, string key) => SendAsync(HttpMethod.Delete, PathOf(key), token);

    /// <summary>PUT of a value with what else the request has.</summary>
    public Task<Reply> UpdateAsync(
        string token,
        string key,
        string json,
        string query,
        params (string Name, string Value)[] headers
    ) => SendAsync(HttpMethod.Put, PathOf(key) + query, token, Json(json), headers);

    public Task<Reply> ModifyAsync(
        string token,
        string key,
        string json,
        params (string Name, string Value)[] headers
    ) => SendAsync(HttpMethod.Patch, PathOf(key), token, Json(json), headers);

    public Task<Reply> ReadBatchAsync(string token, params string[] keys) =>
        PostAsync(
            "/api/batch/retrieve",
            new JsonObject { ["keys"] = new JsonArray([.. keys.Select(key => JsonValue.Create(key))]) },
            token
        );

    public Task<Reply> WriteBatchAsync(string token, string operations, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, "/api/batch/write", token, Json($$"""{"operations":[{{operations}}]}"""), headers);

    /// <summary>All keys of the user, page by page, in the order listed.</summary>
    public async Task<IReadOnlyList<string>> ListAllAsync(string token, string query = "limit=1000")
    {
        var keys = new List<string>();
        string? cursor = null;
        do
        {
            var target = $"/api/data?{query}{(cursor is null ? "" : $"&cursor={cursor}")}";
            var data = (await GetAsync(target, token)).Expect(HttpStatusCode.OK).Json["data"]!;
            keys.AddRange(data["items"]!.AsArray().Select(item => item!["key"]!.GetValue<string>()));
            cursor = data["next_cursor"]?.GetValue<string>();
        } while (cursor is not null);

        return keys;
    }

    /// <summary>Registers a new user and returns the name.</summary>
    public async Task<string> RegisterAsync()
    {
        var name = NewName();
        (await PostAsync("/api/register", Registration(name))).Expect(HttpStatusCode.Created);
        return name;
    }

    /// <summary>A token for a registered user.</summary>
    public async Task<string> SignInAsync(string username, string password = "secure_password123")
    {
        var reply = await PostAsync("/api/token", new JsonObject { ["username"] = username, ["password"] = password });
        return reply.Expect(HttpStatusCode.OK).Json["data"]!["access_token"]!.GetValue<string>();
    }

    /// <summary>A token of a user who was not there before.</summary>
    public async Task<string> NewUserTokenAsync() => await SignInAsync(await RegisterAsync());

    /// <summary>A token of the same session.</summary>
    public async Task<string> RenewAsync(string token) =>
        (await SendAsync(HttpMethod.Post, "/api/token/renew", token)).Expect(HttpStatusCode.OK).Json["data"]![
            "access_token"
        ]!.GetValue<string>();

    /// <summary>Ends the session of a token, or all of its user.</summary>
    public async Task SignOutAsync(string token, bool all = false) =>
        (await SendAsync(HttpMethod.Delete, all ? "/api/token?all=true" : "/api/token", token)).Expect(
            HttpStatusCode.OK
        );

    public Task<Reply> ChangePasswordAsync(string token, string password, string newPassword) =>
        PutAsync(
            "/api/account/password",
            new JsonObject { ["password"] = password, ["new_password"] = newPassword },
            token
        );

    public Task<Reply> DeleteAccountAsync(string token, string password = "secure_password123") =>
        PostAsync("/api/account/delete", new JsonObject { ["password"] = password }, token);

    /// <summary>
    /// Stores 601 entries, which is more than a deletion removes at once, half of them with an end, and has two Idempotency-Keys
    /// remembered.
    /// </summary>
    public async Task FillAsync(string token)
    {
        for (var batch = 0; batch < 6; batch++)
        {
            var operations = Enumerable
                .Range(batch * 100, 100)
                .Select(i =>
                    $$"""{"op":"store","key":"k{{i}}","value":"v","expires_in":{{(i % 2 == 0 ? "900" : "null")}}}"""
                );
            (await WriteBatchAsync(token, string.Join(',', operations))).Expect(HttpStatusCode.OK);
        }

        (await ModifyAsync(token, "c", """{"increment":1,"create":true}""", ("Idempotency-Key", "once"))).Expect(
            HttpStatusCode.Created
        );
        (await ModifyAsync(token, "c", """{"increment":1,"create":true}""", ("Idempotency-Key", "twice"))).Expect(
            HttpStatusCode.OK
        );
    }

    public Task<bool> IsReadyAsync() => IsOkAsync("/health/ready");

    public Task<bool> IsLiveAsync() => IsOkAsync("/health/live");

    private async Task<bool> IsOkAsync(string target)
    {
        try
        {
            return (await GetAsync(target)).Status == HttpStatusCode.OK;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    public void Dispose() => client.Dispose();
}

/// <summary>A whole answer.</summary>
internal sealed record Reply(
    HttpStatusCode Status,
    IReadOnlyDictionary<string, string> Headers,
    byte[] Body,
    Version HttpVersion
)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public JsonNode Json => JsonNode.Parse(Body) ?? throw new JsonException($"No JSON: {Text}");

    /// <summary>The error code of the envelope, or null if this is a success.</summary>
    public string? Code => Json["code"]?.GetValue<string>();

    public static async Task<Reply> ReadAsync(HttpResponseMessage response) =>
        new(
            response.StatusCode,
            response
                .Headers.Concat(response.Content.Headers)
                .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase),
            await response.Content.ReadAsByteArrayAsync(),
            response.Version
        );

    /// <summary>Fails with the whole answer unless it has this status.</summary>
    public Reply Expect(HttpStatusCode status)
    {
        Xunit.Assert.True(Status == status, $"Expected {(int)status}, got {(int)Status}: {Text}");
        return this;
    }
}
