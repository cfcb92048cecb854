using System.Net.Http.Headers;
using System.Text;

namespace FastKv.Load.Scenarios;

/// <summary>The requests. Names, keys and values are plain ASCII, so nothing needs escaping.</summary>
internal static class ApiRequests
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    public static string RegisterBody(string username) =>
        $$"""{"username":"{{username}}","email":"{{username}}@example.com","password":"{{Account.Password}}","full_name":"Load Test","age":30,"gender":"other"}""";

    public static string TokenBody(string username) =>
        $$"""{"username":"{{username}}","password":"{{Account.Password}}"}""";

    public static string StoreBody(string key, string value) => $$"""{"key":"{{key}}","value":"{{value}}"}""";

    public static string StoreBody(string key, string value, int expiresInSeconds) =>
        $$"""{"key":"{{key}}","value":"{{value}}","expires_in":{{expiresInSeconds}}}""";

    public static string UpdateBody(string value) => $$"""{"value":"{{value}}"}""";

    /// <summary>Counts one up; the first time it creates the counter.</summary>
    public const string CountBody = """{"increment":1,"create":true}""";

    public static string RetrieveBatchBody(IEnumerable<string> keys) =>
        $$"""{"keys":[{{string.Join(',', keys.Select(key => $"\"{key}\""))}}]}""";

    public static string WriteBatchBody(IEnumerable<string> keys, string value) =>
        $$"""{"operations":[{{string.Join(',', keys.Select(key => UpsertMember(key, value)))}}]}""";

    public static HttpRequestMessage Register(string username) =>
        Request(HttpMethod.Post, "/api/register", null, RegisterBody(username));

    public static HttpRequestMessage SignIn(string username) =>
        Request(HttpMethod.Post, "/api/token", null, TokenBody(username));

    public static HttpRequestMessage DeleteAccount(string token) =>
        Request(HttpMethod.Post, "/api/account/delete", token, $$"""{"password":"{{Account.Password}}"}""");

    public static HttpRequestMessage Renew(string token) => Request(HttpMethod.Post, "/api/token/renew", token, null);

    public static HttpRequestMessage Store(string token, string key, string value) =>
        Request(HttpMethod.Post, "/api/data", token, StoreBody(key, value));

    public static HttpRequestMessage Store(string token, string key, string value, int expiresInSeconds) =>
        Request(HttpMethod.Post, "/api/data", token, StoreBody(key, value, expiresInSeconds));

    public static HttpRequestMessage Retrieve(string token, string key) =>
        Request(HttpMethod.Get, $"/api/data/{key}", token, null);

    public static HttpRequestMessage Update(string token, string key, string value) =>
        Request(HttpMethod.Put, $"/api/data/{key}", token, UpdateBody(value));

    public static HttpRequestMessage Delete(string token, string key) =>
        Request(HttpMethod.Delete, $"/api/data/{key}", token, null);

    public static HttpRequestMessage Count(string token, string key) =>
        Request(HttpMethod.Patch, $"/api/data/{key}", token, CountBody);

    public static HttpRequestMessage List(string token) => Request(HttpMethod.Get, "/api/data", token, null);

    public static HttpRequestMessage RetrieveBatch(string token, IEnumerable<string> keys) =>
        Request(HttpMethod.Post, "/api/batch/retrieve", token, RetrieveBatchBody(keys));

    public static HttpRequestMessage WriteBatch(string token, IEnumerable<string> keys, string value) =>
        Request(HttpMethod.Post, "/api/batch/write", token, WriteBatchBody(keys, value));

    public static HttpRequestMessage Request(HttpMethod method, string path, string? token, string? body)
    {
        var request = new HttpRequestMessage(method, path);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = Json;
        }

        return request;
    }

    private static string UpsertMember(string key, string value) =>
        $$"""{"op":"upsert","key":"{{key}}","value":"{{value}}"}""";

    /// <summary>
    /// Sends with the client's own HTTP version: a message made by hand would say 1.1 whatever the client prefers.
    /// </summary>
    public static Task<HttpResponseMessage> DispatchAsync(
        this HttpClient client,
        HttpRequestMessage request,
        CancellationToken cancellation
    )
    {
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        return client.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
    }
}
