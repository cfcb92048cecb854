#if EMBEDDED_STORE
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>The embedded store on a disk of its own, which is full.</summary>
public sealed class EmbeddedStoreFullDiskTests
{
    private const string Value = "twenty bytes of value";

    [Fact]
    public async Task A_full_disk_refuses_writes_and_nothing_else_until_there_is_room_again()
    {
        using var disk = SmallDisk.Mount();
        var stored = new ConcurrentDictionary<string, string>();
        string token;
        await using (var service = await StartAsync(disk))
        {
            token = await service.Api.NewUserTokenAsync();
            (await service.Api.StoreAsync(token, "before", Value)).Expect(HttpStatusCode.Created);
            using var ended = new CancellationTokenSource();
            var readers = ReadUntilAsync(service.Api, token, ended.Token);
            var writers = Enumerable
                .Range(0, 4)
                .Select(writer => StoreUntilAsync(service.Api, token, writer, stored, ended.Token))
                .ToArray();
            await Wait.UntilAsync("much is written", () => Task.FromResult(stored.Count > 200));

            disk.Fill();
            await Wait.UntilAsync("writes are refused", () => IsRefusedAsync(service.Api, token));
            Assert.False(await service.Api.IsReadyAsync());
            (await service.Api.RetrieveAsync(token, "before")).Expect(HttpStatusCode.OK);

            disk.Free();
            await Wait.UntilAsync("writes are taken", async () => !await IsRefusedAsync(service.Api, token));
            await Wait.UntilAsync("the service is ready", service.Api.IsReadyAsync);
            await ended.CancelAsync();
            Assert.NotEqual(0, await readers);
            await Task.WhenAll(writers);
            Assert.Single(Warnings(service, disk));
            await ExpectAllAsync(service.Api, token, stored);
            await service.KillAsync();
        }

        await using var again = await StartAsync(disk);
        await ExpectAllAsync(again.Api, token, stored);
    }

    [Fact]
    public async Task Data_that_fill_the_disk_are_kept_and_more_are_taken_once_it_is_larger()
    {
        using var disk = SmallDisk.Mount();
        var stored = new ConcurrentDictionary<string, string>();
        string token;
        await using (var service = await StartAsync(disk))
        {
            token = await service.Api.NewUserTokenAsync();
            (await service.Api.StoreAsync(token, "before", Value)).Expect(HttpStatusCode.Created);
            using var ended = new CancellationTokenSource();
            var writers = Enumerable
                .Range(0, 4)
                .Select(writer => StoreUntilAsync(service.Api, token, writer, stored, ended.Token, 100_000))
                .ToArray();
            await Wait.UntilAsync(
                "writes are refused",
                () => IsRefusedAsync(service.Api, token),
                TimeSpan.FromMinutes(2)
            );
            (await service.Api.RetrieveAsync(token, "before")).Expect(HttpStatusCode.OK);
            var count = stored.Count;

            disk.Enlarge();
            await Wait.UntilAsync("more is written", () => Task.FromResult(stored.Count > count + 100));
            await ended.CancelAsync();
            await Task.WhenAll(writers);
            await ExpectAllAsync(service.Api, token, stored);
            await service.KillAsync();
        }

        await using var again = await StartAsync(disk);
        await ExpectAllAsync(again.Api, token, stored);
    }

    [Fact]
    public async Task A_start_on_a_full_disk_serves_reads_and_says_why_it_takes_no_writes()
    {
        using var disk = SmallDisk.Mount();
        string token;
        await using (var service = await StartAsync(disk))
        {
            token = await service.Api.NewUserTokenAsync();
            (await service.Api.StoreAsync(token, "before", Value)).Expect(HttpStatusCode.Created);
            await service.KillAsync();
        }

        File.Delete(Path.Combine(disk.Path, "reserve"));
        disk.Fill();
        await using var again = FastKvProcess.Launch(null, ("FastKv__DataDirectory", disk.Path));
        await Wait.UntilAsync("the service lives", again.Api.IsLiveAsync);
        await Wait.UntilAsync(
            "reads are answered",
            async () => (await again.Api.RetrieveAsync(token, "before")).Status == HttpStatusCode.OK
        );
        (await again.Api.StoreAsync(token, "during", Value)).ExpectError("STORE_UNAVAILABLE");
        await Wait.UntilAsync("it says why", () => Task.FromResult(Warnings(again, disk).Any()));

        disk.Free();
        await Wait.UntilAsync("the service is ready", again.Api.IsReadyAsync);
        (await again.Api.StoreAsync(token, "after", Value)).Expect(HttpStatusCode.Created);
        Assert.Single(Warnings(again, disk));
    }

    private static Task<FastKvProcess> StartAsync(SmallDisk disk) =>
        FastKvProcess.StartAsync(
            null,
            ("FastKv__DataDirectory", disk.Path),
            ("FastKv__Redis__TimeoutMilliseconds", "20000")
        );

    private static IEnumerable<string> Warnings(FastKvProcess service, SmallDisk disk) =>
        service.Log.Split('\n').Where(line => line.Contains($"{disk.Path} can't be written", StringComparison.Ordinal));

    private static async Task<bool> IsRefusedAsync(ApiClient api, string token)
    {
        var reply = await api.StoreAsync(token, ApiClient.NewName("probe"), Value);
        if (reply.Status == HttpStatusCode.Created)
        {
            return false;
        }

        reply.ExpectError("STORE_UNAVAILABLE");
        return true;
    }

    private static async Task<int> ReadUntilAsync(ApiClient api, string token, CancellationToken ended)
    {
        var reads = 0;
        for (; !ended.IsCancellationRequested; reads++)
        {
            (await api.RetrieveAsync(token, "before")).Expect(HttpStatusCode.OK);
        }

        return reads;
    }

    private static async Task StoreUntilAsync(
        ApiClient api,
        string token,
        int writer,
        ConcurrentDictionary<string, string> stored,
        CancellationToken ended,
        int length = 10_000
    )
    {
        for (var i = 0; !ended.IsCancellationRequested; i++)
        {
            var (key, value) = ($"{writer}-{i}", $"{i}-{new string('x', length)}");
            var reply = await api.StoreAsync(token, key, value);
            if (reply.Status == HttpStatusCode.Created)
            {
                stored[key] = value;
            }
            else
            {
                reply.ExpectError("STORE_UNAVAILABLE");
            }
        }
    }

    private static async Task ExpectAllAsync(ApiClient api, string token, ConcurrentDictionary<string, string> stored)
    {
        foreach (var (key, value) in stored)
        {
            var reply = (await api.RetrieveAsync(token, key)).Expect(HttpStatusCode.OK);
            Assert.Equal(value, reply.Json["data"]!["value"]!.GetValue<string>());
        }
    }

    /// <summary>A file system of 112 MB in memory: the reserve, and five files of the log. The test is skipped where none can be mounted.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly TemporaryDirectory directory = new();

        private string Filler => System.IO.Path.Combine(directory.Path, "filler");

        public string Path => System.IO.Path.Combine(directory.Path, "data");

        public static SmallDisk Mount()
        {
            var disk = new SmallDisk();
            var isMounted = Run("mount", "-t", "tmpfs", "-o", "size=112m", "tmpfs", disk.directory.Path);
            if (!isMounted)
            {
                disk.directory.Dispose();
            }

            Assert.SkipUnless(isMounted, "A file system can't be mounted here.");
            return disk;
        }

        /// <summary>Takes all the room that is left.</summary>
        public void Fill()
        {
            var block = new byte[64 * 1024];
            using var filler = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, 0);
            for (var length = block.Length; length > 0; )
            {
                try
                {
                    filler.Write(block, 0, length);
                }
                catch (IOException)
                {
                    length /= 2;
                }
            }
        }

        public void Free() => File.Delete(Filler);

        /// <summary>To 1 GB.</summary>
        public void Enlarge() => Assert.True(Run("mount", "-o", "remount,size=1g", directory.Path));

        public void Dispose()
        {
            Run("umount", "-l", directory.Path);
            directory.Dispose();
        }

        private static bool Run(string program, params string[] arguments)
        {
            try
            {
                using var process = Process.Start(
                    new ProcessStartInfo(program, arguments)
                    {
                        RedirectStandardError = true,
                        RedirectStandardOutput = true,
                    }
                )!;
                process.WaitForExit();
                return process.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }
}
#endif
