using System.Net;

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
            var reply = await api.SendAsync(
                HttpMethod.Get,
                $"/api/data?limit={limit}&prefix={Uri.EscapeDataString(prefix)}" + (cursor is null ? "" : $"&cursor={cursor}"),
                token
            );
            var page = reply.Expect(HttpStatusCode.OK).Json["data"]!;
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
        var violations = new System.Collections.Concurrent.ConcurrentQueue<string>();
        for (var i = 1; i < keys.Count; i++)
        {
            if (string.CompareOrdinal(keys[i - 1], keys[i]) >= 0)
            {
                violations.Enqueue($"listing: {keys[i - 1]} stands before {keys[i]}");
            }
        }

        var named = keys.ToHashSet();
        await Parallel.ForEachAsync(
            named.Union(known),
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (key, _) =>
            {
                var reply = await api.SendAsync(HttpMethod.Get, ApiClient.PathOf(key), token);
                if (reply.Status is not (HttpStatusCode.OK or HttpStatusCode.NotFound))
                {
                    violations.Enqueue($"listing: reading {key} got {reply.Text}");
                }
                else if (named.Contains(key) != (reply.Status == HttpStatusCode.OK))
                {
                    violations.Enqueue($"listing: {key} is {(named.Contains(key) ? "" : "not ")}named, got {reply.Text}");
                }
            }
        );
        return [.. violations];
    }
}
