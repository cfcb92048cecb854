using System.Net;
using FastKv.Tests.Faults;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>The walk-throughs of docs/redis.md, as the users that stand there.</summary>
public sealed class OperationsTests
{
    private static readonly string[] Log = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];

    [Fact]
    public async Task A_backup_is_restored_into_another_Redis()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync([.. Log, "--user", .. RedisUser.Of("fastkv-backup")]);
        var (user, key) = (ApiClient.NewName(), "k");
        await using (var service = await FastKvProcess.StartAsync(redis.ConnectionString))
        {
            (await service.Api.PostAsync("/api/register", ApiClient.Registration(user))).Expect(HttpStatusCode.Created);
            (await service.Api.StoreAsync(await service.Api.SignInAsync(user), key, "kept")).Expect(
                HttpStatusCode.Created
            );
        }

        var backup = Path.Combine(redis.Directory, "backup.rdb");
        var wrong = await redis.CliAsUserAsync("fastkv-backup", "wrong", "--rdb", backup);
        Assert.NotEqual(0, wrong.ExitCode);
        Assert.False(File.Exists(backup));
        var saved = await redis.CliAsUserAsync("fastkv-backup", RedisUser.Password, "--rdb", backup);
        Assert.True(saved.ExitCode == 0, saved.Output);
        Assert.DoesNotContain("command", await redis.CliAsync("ACL", "LOG"), StringComparison.Ordinal);

        await using var other = await RedisServer.StartAsync([.. Log, "--user", .. RedisUser.Of("fastkv-restore")]);
        await other.CliAsync("SET", "other", "data");
        var off = await other.CliAsUserAsync("fastkv-restore", RedisUser.Password, "CONFIG", "SET", "appendonly", "no");
        Assert.Contains("OK", off.Output, StringComparison.Ordinal);
        var folder = Path.Combine(other.Directory, "appendonlydir");
        Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        File.Move(backup, Path.Combine(folder, "appendonly.aof.1.base.rdb"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "appendonly.aof.manifest"),
            "file appendonly.aof.1.base.rdb seq 1 type b\n",
            TestContext.Current.CancellationToken
        );
        Assert.Equal("", await other.CliAsync("ACL", "LOG"));
        await other.CliAsUserAsync("fastkv-restore", RedisUser.Password, "SHUTDOWN", "NOSAVE");
        await using var again = await other.RestartAsync();

        await using var restored = await FastKvProcess.StartAsync(again.ConnectionString);
        var value = await restored.Api.RetrieveAsync(await restored.Api.SignInAsync(user), key);
        Assert.Equal("kept", value.Expect(HttpStatusCode.OK).Json["data"]!["value"]!.GetValue<string>());
        Assert.Equal("0", await again.CliAsync("EXISTS", "other"));
    }

    [Fact]
    public async Task The_password_of_Redis_is_changed_without_a_failed_request()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync(["--user", .. RedisUser.Of("fastkv")]);
        await using var old = await FastKvProcess.StartAsync($"{redis.ConnectionString},{RedisUser.Credentials}");
        var token = await old.Api.NewUserTokenAsync();
        (await old.Api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);

        Assert.Equal("OK", await redis.CliAsync("ACL", "SETUSER", "fastkv", ">the-new-one"));
        (await old.Api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK);
        await using var replica = await FastKvProcess.StartAsync(
            $"{redis.ConnectionString},user=fastkv,password=the-new-one"
        );
        (await replica.Api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK);
        Assert.Equal(0, await old.TerminateAsync());
        Assert.Equal("OK", await redis.CliAsync("ACL", "SETUSER", "fastkv", $"<{RedisUser.Password}"));
        (await replica.Api.UpdateAsync(token, "k", "w")).Expect(HttpStatusCode.OK);

        var refused = await redis.CliAsUserAsync("fastkv", RedisUser.Password, "GET", "fastkv:k");
        Assert.Contains("WRONGPASS", refused.Output, StringComparison.Ordinal);
        (await replica.Api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK);
    }
}
