using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FastKv.Admin;
using FastKv.Redis;
using FastKv.Tests.Harness;
using FastKv.Tests.Lifecycle;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Admin;

/// <summary>The commands as a process, and those that look at settings and servers.</summary>
public sealed class AdminProgramTests(ServiceFixture fixture)
{
    [Fact]
    public async Task The_program_takes_its_settings_from_the_environment_and_ends_with_Ctrl_C()
    {
        Assert.SkipUnless(fixture.Redis is not null, "The embedded store is in use by the service.");
        Assert.SkipWhen(
            StopTests.IgnoresInterrupts(),
            "This test was started with SIGINT ignored, and so is what it starts."
        );
        var name = await fixture.Api.RegisterAsync();
        await using var connection = await ConnectionMultiplexer.ConnectAsync(fixture.Administration!);
        var database = connection.GetDatabase();
        var userId = (string)(await database.HashGetAsync($"fastkv:user:{name}", "user_id"))!;
        await database.StringSetAsync($"fastkv:deletion:{{{userId}}}", "another replica", TimeSpan.FromMinutes(1));

        using var program = Start("user", "delete", name, "--yes");
        await Wait.UntilAsync("the user is gone", async () => !await database.KeyExistsAsync($"fastkv:user:{name}"));
        using (var kill = Process.Start("kill", ["-INT", $"{program.Id}"]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var errors = program.StandardError.ReadToEndAsync(bound.Token);
        Assert.Empty(await program.StandardOutput.ReadToEndAsync(bound.Token));
        await program.WaitForExitAsync(bound.Token);
        Assert.Contains("run the command again", await errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Stopped, program.ExitCode);
        await database.KeyDeleteAsync($"fastkv:deletion:{{{userId}}}");
    }

    [Fact]
    public async Task Help_says_what_there_is_and_what_the_codes_mean()
    {
        var admin = AdminRun.On("127.0.0.1:1");

        foreach (
            var command in (string[])
                ["", "user", "user show", "user list", "user sign-out", "user delete", "check", "doctor"]
        )
        {
            var help = await admin.RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
            help.Expect(ExitCode.Done);
            Assert.Empty(help.Errors);
            Assert.Contains($"FastKv admin {command}".TrimEnd(), help.Results, StringComparison.Ordinal);
            Assert.Contains("130  stopped", help.Results, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_wrong_setting_and_a_Redis_that_is_away_have_the_sentences_of_the_service()
    {
        var away = (await AdminRun.On("127.0.0.1:1").RunAsync("user", "list")).Expect(ExitCode.Unavailable);
        Assert.Contains("127.0.0.1:1 can't be used: ConnectionRefused", away.Errors, StringComparison.Ordinal);

        var wrong = (
            await new AdminRun("--ConnectionStrings:Redis=x", "--FastKv:Redis:KeyPrefix=a:b").RunAsync("user", "list")
        ).Expect(ExitCode.Failed);
        Assert.Contains("FastKv__Redis__KeyPrefix", wrong.Errors, StringComparison.Ordinal);
        var unknown = (await new AdminRun("--FastKv:Nonsense=1").RunAsync("user", "list")).Expect(ExitCode.Failed);
        Assert.Contains("FastKv__Nonsense", unknown.Errors, StringComparison.Ordinal);

        var folder = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}");
        var none = (await new AdminRun($"--FastKv:DataDirectory={folder}").RunAsync("user", "list")).Expect(
            ExitCode.Failed
        );
        Assert.Contains("There is no embedded store", none.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));

        // The doctor looks at what only the service needs, too, and goes on.
        var doctor = (await AdminRun.On("127.0.0.1:1").RunAsync("doctor", "--json")).Expect(ExitCode.Unavailable);
        Assert.Equal(
            ["error", "error"],
            doctor.Json["checks"]!.AsArray().Select(check => check!["state"]!.GetValue<string>())
        );
        Assert.Contains("FastKv__Token__SigningKeys__0", doctor.Results, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_doctor_looks_at_the_settings_beside_the_service_that_runs_with_them()
    {
        using var service = new TcpListener(IPAddress.Loopback, 0);
        service.Start();
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.sock");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();

        var doctor = await new AdminRun(
            "--ConnectionStrings:Redis=127.0.0.1:1",
            $"--FastKv:Token:SigningKeys:0={new string('k', 64)}",
            $"--urls=http://{service.LocalEndpoint};http://unix:{path}"
        ).RunAsync("doctor");

        Assert.Contains("ok       settings", doctor.Results, StringComparison.Ordinal);
        Assert.True(File.Exists(path));
        File.Delete(path);
    }

    [Fact]
    public async Task The_doctor_says_which_rights_are_missing_and_what_Redis_should_be()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "There is no redis-server.");
        await using var redis = await RedisServer.StartAsync("--maxmemory-policy", "allkeys-lru");
        var rules = RedisUser.Of("fastkv")[1..];
        await redis.CliAsync(["ACL", "SETUSER", "fastkv", .. rules]);
        await redis.CliAsync([
            .. "ACL SETUSER poor".Split(' '),
            .. rules,
            .. "resetkeys ~fastkv:data:* ~fastkv:trial:* -zadd +scan".Split(' '),
        ]);

        var documented = (await DoctorAsync("fastkv")).Expect(ExitCode.Findings);
        Assert.Contains("ok       settings", documented.Results, StringComparison.Ordinal);
        Assert.Matches("(?m)^ok       rights of 127.0.0.1", documented.Results);
        Assert.Matches("(?m)^warning  operators' rights of .*ZSCAN, SCAN", documented.Results);
        Assert.Matches("(?m)^ok       clock of ", documented.Results);
        Assert.Matches("(?m)^ok       version of ", documented.Results);
        Assert.Matches("(?m)^error    maxmemory-policy of .*allkeys-lru.*noeviction", documented.Results);
        Assert.Matches("(?m)^warning  persistence of ", documented.Results);
        Assert.Equal("", await redis.CliAsync("KEYS", "fastkv:trial:*"));

        var poor = (await DoctorAsync("poor")).Expect(ExitCode.Findings);
        Assert.Matches("(?m)^error    rights of .*ZADD.*fastkv:user:", poor.Results);
        Assert.DoesNotMatch("(?m)rights of .*ZREM", poor.Results);

        await redis.CliAsync("CONFIG", "SET", "maxmemory-policy", "noeviction");
        (await DoctorAsync("fastkv")).Expect(ExitCode.Done);

        Task<AdminResult> DoctorAsync(string user) =>
            new AdminRun(
                $"--ConnectionStrings:Redis={redis.ConnectionString},user={user},password={RedisUser.Password}",
                $"--FastKv:Token:SigningKeys:0={FastKvProcess.SigningKey}"
            ).RunAsync("doctor");
    }

    [Theory]
    [InlineData("redis_version:7.2.4", RequirementState.Ok)]
    [InlineData("redis_version:6.2.0", RequirementState.Ok)]
    [InlineData("redis_version:6.0.16", RequirementState.Error)]
    [InlineData("nothing:1", RequirementState.Warning)]
    public void A_version_is_judged(string info, object state) =>
        Assert.Equal(state, RedisRequirements.Version(RedisRequirements.ParseInfo(info)).State);

    [Theory]
    [InlineData("aof_enabled:1\r\naof_last_write_status:ok", RequirementState.Ok)]
    [InlineData("aof_enabled:1\r\naof_last_write_status:err", RequirementState.Error)]
    [InlineData("aof_enabled:0\r\nrdb_last_bgsave_status:err", RequirementState.Error)]
    [InlineData("aof_enabled:0\r\nrdb_last_bgsave_status:ok", RequirementState.Warning)]
    [InlineData("", RequirementState.Warning)]
    public void Persistence_is_judged(string info, object state) =>
        Assert.Equal(state, RedisRequirements.Persistence(RedisRequirements.ParseInfo(info)).State);

    [Theory]
    [InlineData("connected_slaves:1\r\nmin_slaves_good_slaves:1", RequirementState.Ok)]
    [InlineData("connected_slaves:1", RequirementState.Warning)]
    [InlineData("connected_slaves:0", RequirementState.Warning)]
    public void Replication_is_judged(string info, object state) =>
        Assert.Equal(state, RedisRequirements.Replication(RedisRequirements.ParseInfo(info)).State);

#if EMBEDDED_STORE
    [Fact]
    public async Task The_embedded_store_is_refused_while_it_is_in_use_and_taken_when_it_is_not()
    {
        using var directory = new TemporaryDirectory();
        var admin = new AdminRun($"--FastKv:DataDirectory={directory.Path}");
        using (var store = EmbeddedStore.Start(directory.Path))
        {
            await using var connection = await ConnectionMultiplexer.ConnectAsync(store.ConnectionString);
            await connection
                .GetDatabase()
                .HashSetAsync("fastkv:user:bob", [new("user_id", "1a"), new("username", "Bob")]);
            var refused = (await admin.RunAsync("user", "list")).Expect(ExitCode.Failed);
            Assert.Contains("is in use by another FastKv", refused.Errors, StringComparison.Ordinal);
        }

        var listed = (await admin.RunAsync("user", "list", "--json")).Expect(ExitCode.Done);
        Assert.Equal("Bob", listed.Json["username"]!.GetValue<string>());
        var doctor = (await admin.RunAsync("doctor")).Expect(ExitCode.Done);
        Assert.Contains($"embedded, in {directory.Path}", doctor.Results, StringComparison.Ordinal);
        (await admin.RunAsync("check", "bob")).Expect(ExitCode.Findings);
        (await admin.RunAsync("user", "delete", "bob", "--yes")).Expect(ExitCode.Done);
        (await admin.RunAsync("user", "show", "bob")).Expect(ExitCode.NotFound);
    }
#endif

    private Process Start(params string[] args)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "FastKv.dll"), AdminCommand.Name, .. args]
        )
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ConnectionStrings__Redis"] = fixture.Administration;
        return Process.Start(start)!;
    }
}
