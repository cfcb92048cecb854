using System.Net;
using System.Text.Json.Nodes;

namespace FastKv.Tests.Harness;

/// <summary>A walk through all pages of a listing.</summary>
internal static class Listing
{
    public static async Task<List<string>> WalkAsync(ApiClient api, string? token, string prefix = "", int limit = 1000)
    {
        var keys = new List<string>();
        string? cursor = null;
        do
        {
            var after = cursor is null ? "" : $"&cursor={cursor}";
            var reply = await AnsweredAsync(() =>
                api.GetAsync($"/api/data?limit={limit}&prefix={Uri.EscapeDataString(prefix)}{after}", token)
            );
            var page = reply.Json["data"]!;
            keys.AddRange(page["items"]!.AsArray().Select(item => item!["key"]!.GetValue<string>()));
            cursor = page["next_cursor"]?.GetValue<string>();
        } while (cursor is not null);
        return keys;
    }

    /// <summary>
    /// What is wrong with the listing: what it names that can't be read, what of the known keys can be read and is not named, and
    /// what stands in the wrong order or twice. Nobody writes meanwhile.
    /// </summary>
    public static async Task<IReadOnlyList<string>> ViolationsAsync(
        ApiClient api,
        string? token,
        IEnumerable<string> known,
        string prefix = ""
    )
    {
        var keys = await WalkAsync(api, token, prefix);
        var violations = new List<string>();
        for (var i = 1; i < keys.Count; i++)
        {
            if (string.CompareOrdinal(keys[i - 1], keys[i]) >= 0)
            {
                violations.Add($"listing: {keys[i - 1]} stands before {keys[i]}");
            }
        }

        var readable = new HashSet<string>();
        foreach (var some in keys.Union(known).Chunk(100))
        {
            readable.UnionWith(await ReadableAsync(api, token, some));
        }

        violations.AddRange(keys.Except(readable).Select(key => $"listing: {key} is named and can't be read"));
        violations.AddRange(readable.Except(keys).Select(key => $"listing: {key} can be read and is not named"));
        return violations;
    }

    private static async Task<IEnumerable<string>> ReadableAsync(ApiClient api, string? token, string[] keys)
    {
        var names = new JsonArray([.. keys.Select(key => JsonValue.Create(key))]);
        var body = new JsonObject { ["keys"] = names }.ToJsonString();
        var reply = await AnsweredAsync(() => api.PostTextAsync("/api/batch/retrieve", body, token));
        return reply.Json["data"]!["items"]!.AsArray().Select(item => item!["key"]!.GetValue<string>());
    }

    // A machine that is busy with other tests may keep the store from answering in time.
    private static async Task<Reply> AnsweredAsync(Func<Task<Reply>> send)
    {
        var reply = await send();
        await Wait.UntilAsync(
            "the store answers",
            async () =>
                reply.Status != HttpStatusCode.ServiceUnavailable
                || (reply = await send()).Status != HttpStatusCode.ServiceUnavailable
        );
        return reply.Expect(HttpStatusCode.OK);
    }
}
