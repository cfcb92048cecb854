using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Abuse;

[Collection(nameof(Alone))]
public sealed partial class IdleConnectionTests(ServiceFixture fixture, ITestOutputHelper output)
{
    private const int Wanted = 10_000;
    private const int FilesForTheRest = 1_000;
    private const int OpenedAtOnce = 100;

    [Fact]
    public async Task Ten_thousand_idle_connections_leave_the_service_quick()
    {
        var count = Math.Min(Wanted, MaximumOpenFiles() - FilesForTheRest);
        output.WriteLine(
            count == Wanted
                ? $"{count} idle connections."
                : $"{count} idle connections: the limit of open files (ulimit -n) allows no more."
        );
        Assert.SkipWhen(count < 100, "The limit of open files (ulimit -n) is too low for this test.");
        await using var service = await OwnService.StartAsync(fixture);
        var token = await service.Api.NewUserTokenAsync();
        (await service.Api.StoreAsync(token, "key", "value")).Expect(HttpStatusCode.Created);
        var before = MemoryMegabytes(service.Process.Process);
        var idle = new List<RawConnection>(count);
        try
        {
            while (idle.Count < count)
            {
                var batch = Math.Min(OpenedAtOnce, count - idle.Count);
                idle.AddRange(
                    await Task.WhenAll(Enumerable.Range(0, batch).Select(_ => RawConnection.OpenAsync(service.Address)))
                );
            }

            // The last of them is served, so all of them were accepted.
            await idle[^1].SendAsync("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
            Assert.Equal(200, (await idle[^1].ReadAsync())!.Status);
            var after = MemoryMegabytes(service.Process.Process);
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < 100; i++)
            {
                (await service.Api.RetrieveAsync(token, "key")).Expect(HttpStatusCode.OK);
            }

            output.WriteLine(
                $"Memory of the service: {before} MB before, {after} MB with them; 100 GETs took {watch.ElapsedMilliseconds} ms."
            );
            Assert.True(after - before < 400, $"{after - before} MB more for {count} idle connections.");
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"100 GETs took {watch.Elapsed}.");
        }
        finally
        {
            idle.ForEach(connection => connection.Dispose());
        }
    }

    private static int MaximumOpenFiles() =>
        File.Exists("/proc/self/limits")
        && OpenFilesLimit().Match(File.ReadAllText("/proc/self/limits")) is { Success: true } found
            ? int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture)
            : 1024;

    private static long MemoryMegabytes(Process process)
    {
        process.Refresh();
        return process.WorkingSet64 / 1024 / 1024;
    }

    [GeneratedRegex(@"Max open files\s+(\d+)")]
    private static partial Regex OpenFilesLimit();
}
