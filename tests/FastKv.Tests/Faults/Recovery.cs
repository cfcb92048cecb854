using System.Diagnostics;
using System.Globalization;
using System.Net;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Faults;

internal static class Recovery
{
    /// <summary>The promise is two seconds; the rest is for a machine that is busy with other tests.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(4);

    /// <summary>Called when the store is back: waits until a write and readiness succeed, and fails if that takes too long.</summary>
    public static Task CheckAsync(ApiClient api, string token, ITestOutputHelper output) =>
        CheckAsync(api, [token], output);

    /// <summary>The same for users whose data lie on several servers.</summary>
    public static async Task CheckAsync(ApiClient api, IReadOnlyCollection<string> tokens, ITestOutputHelper output)
    {
        var watch = Stopwatch.StartNew();
        foreach (var token in tokens)
        {
            await Wait.UntilAsync(
                "writes succeed again",
                async () =>
                    (await api.StoreAsync(token, ApiClient.NewName("back"), "v")).Status == HttpStatusCode.Created
            );
        }

        var writes = watch.Elapsed;
        await Wait.UntilAsync("the service is ready again", api.IsReadyAsync);
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"writes again after {writes.TotalMilliseconds:0} ms, ready after {watch.ElapsedMilliseconds} ms"
            )
        );
        Assert.True(watch.Elapsed < Bound, $"Recovery took {watch.Elapsed.TotalSeconds:0.0} s.");
    }
}
