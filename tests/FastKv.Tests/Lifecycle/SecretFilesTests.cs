using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Lifecycle;

/// <summary>Settings in files, as Kubernetes mounts a Secret.</summary>
public sealed class SecretFilesTests(ServiceFixture fixture) : IDisposable
{
    private const string Directory = "FastKv__SecretsDirectory";
    private const string Lifetime = "FastKv__Token__LifetimeSeconds";

    private readonly TemporaryDirectory secrets = new();
    private readonly TemporaryDirectory data = new();

    [Fact]
    public async Task The_service_finds_its_Redis_and_its_key_in_files()
    {
        Assert.SkipWhen(fixture.Redis is null, "The embedded store has neither.");
        Mount(
            ("ConnectionStrings__Redis", $"{fixture.Redis}\n"),
            ("FastKv__Token__SigningKeys__0", FastKvProcess.SigningKey)
        );
        var token = await fixture.Api.NewUserTokenAsync();
        (await fixture.Api.StoreAsync(token, "key", "value")).Expect(HttpStatusCode.Created);

        await using var service = await FastKvProcess.StartAsync(
            fixture.Redis,
            ("ConnectionStrings__Redis", null),
            ("FastKv__Token__SigningKeys__0", null),
            (Directory, secrets.Path)
        );

        // The same key, and the same store.
        (await service.Api.RetrieveAsync(token, "key")).Expect(HttpStatusCode.OK);
    }

    /// <summary>What somebody sets for one start holds, whatever is mounted; and what is mounted holds over what is shipped.</summary>
    [Theory]
    [InlineData("120", 120)]
    [InlineData(null, 90)]
    public async Task The_environment_stands_above_the_files_and_they_above_appsettings(string? variable, int expected)
    {
        Mount((Lifetime, "90"));
        await File.WriteAllTextAsync(
            Path.Combine(data.Path, "appsettings.json"),
            """{"FastKv": {"Token": {"LifetimeSeconds": 70}}}""",
            TestContext.Current.CancellationToken
        );

        await using var service = await FastKvProcess.StartAsync(
            null,
            ("FastKv__DataDirectory", Path.Combine(data.Path, "data")),
            ("ASPNETCORE_CONTENTROOT", data.Path),
            (Directory, secrets.Path),
            (Lifetime, variable)
        );
        var name = ApiClient.NewName();
        (await service.Api.PostAsync("/api/register", ApiClient.Registration(name))).Expect(HttpStatusCode.Created);
        var reply = await service.Api.PostAsync(
            "/api/token",
            new JsonObject { ["username"] = name, ["password"] = "secure_password123" }
        );

        Assert.Equal(expected, reply.Expect(HttpStatusCode.OK).Json["data"]!["expires_in"]!.GetValue<int>());
    }

    [Theory]
    [InlineData(Lifetime, "soon\n", Lifetime)]
    [InlineData("FastKv__Token__SigningKey__0", "a2V5", "FastKv__Token__SigningKey")]
    [InlineData("FastKv__Nonsense", "1", "FastKv__Nonsense")]
    [InlineData("FastKv__Token__SigningKeys__0", "", "FastKv__Token__SigningKeys__0")]
    public async Task A_file_that_is_wrong_ends_the_program_as_a_variable_would(string name, string value, string named)
    {
        Mount((name, value));

        await ExpectSentenceAsync(named, secrets.Path);
    }

    [Theory]
    [InlineData("")]
    [InlineData("secrets")]
    [InlineData("/nonexistent/secrets")]
    [InlineData("/etc/hostname")]
    public Task A_folder_that_is_none_ends_the_program(string folder) => ExpectSentenceAsync(Directory, folder);

    [Fact]
    public async Task A_file_that_can_not_be_read_ends_the_program()
    {
        // A mode would not keep root from reading it.
        File.CreateSymbolicLink(Path.Combine(secrets.Path, "ConnectionStrings__Redis"), "/nonexistent/hunter2");

        await ExpectSentenceAsync(secrets.Path, secrets.Path);
    }

    public void Dispose()
    {
        secrets.Dispose();
        data.Dispose();
    }

    /// <summary>As the kubelet does it: the files are links into a folder that can be exchanged at once.</summary>
    private void Mount(params (string Name, string Value)[] files)
    {
        System.IO.Directory.CreateDirectory(Path.Combine(secrets.Path, "..1"));
        File.CreateSymbolicLink(Path.Combine(secrets.Path, "..data"), "..1");
        foreach (var (name, value) in files)
        {
            File.WriteAllText(Path.Combine(secrets.Path, "..1", name), value);
            File.CreateSymbolicLink(Path.Combine(secrets.Path, name), Path.Combine("..data", name));
        }
    }

    private async Task ExpectSentenceAsync(string named, string folder)
    {
        await using var service = FastKvProcess.Launch(
            null,
            ("FastKv__DataDirectory", data.Path),
            (Directory, folder),
            (Lifetime, null)
        );

        Assert.Equal(1, await service.ExitCodeAsync());
        Assert.Matches("^[^\n]+[.)]$", service.Log);
        Assert.Contains(named, service.Log, StringComparison.Ordinal);
    }
}
