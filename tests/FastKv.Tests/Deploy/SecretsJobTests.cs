using System.Diagnostics;
using System.Text.Json;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FastKv.Tests.Deploy;

/// <summary>The script with which the demo makes its Secret, run against a stand-in for the Kubernetes API.</summary>
public sealed class SecretsJobTests : IAsyncLifetime
{
    private readonly string account = Directory.CreateTempSubdirectory("fastkv-account").FullName;
    private readonly List<(string Path, string Authorization, JsonDocument Body)> requests = [];
    private WebApplication api = null!;
    private int status = StatusCodes.Status201Created;

    [Fact]
    public async Task The_secret_has_every_key_that_the_demo_refers_to()
    {
        var (code, _) = await RunAsync();

        Assert.Equal(0, code);
        var (path, authorization, body) = Assert.Single(requests);
        Assert.Equal("/api/v1/namespaces/fastkv-demo/secrets", path);
        Assert.Equal("Bearer the-token", authorization);
        Assert.Equal("fastkv-secrets", body.RootElement.GetProperty("metadata").GetProperty("name").GetString());
        var data = Data(0);
        Assert.Equal(32, Convert.FromBase64String(data["signing-key-0"]).Length);
        Assert.Matches("^[0-9a-f]{64}$", data["redis-password"]);
        Assert.Equal(
            $"redis:6379,password={data["redis-password"]},abortConnect=false",
            data["redis-connection-string"]
        );
        Assert.Equal($"user default on >{data["redis-password"]} ~* &* +@all\n", data["redis-users"]);
        Assert.Empty(NeededKeys().Except(data.Keys));
    }

    [Fact]
    public async Task Each_secret_is_another()
    {
        await RunAsync();
        await RunAsync();

        Assert.NotEqual(Data(0)["signing-key-0"], Data(1)["signing-key-0"]);
        Assert.NotEqual(Data(0)["redis-password"], Data(1)["redis-password"]);
    }

    [Fact]
    public async Task A_secret_that_is_there_is_kept()
    {
        status = StatusCodes.Status409Conflict;

        var (code, output) = await RunAsync();

        Assert.Equal(0, code);
        Assert.Contains("kept", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_is_a_failure_that_says_so_and_tells_no_secret()
    {
        status = StatusCodes.Status403Forbidden;

        var (code, output) = await RunAsync();

        Assert.NotEqual(0, code);
        Assert.Contains("403", output, StringComparison.Ordinal);
        Assert.DoesNotContain(Data(0)["redis-password"], output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_api_that_does_not_answer_is_a_failure()
    {
        await api.StopAsync(TestContext.Current.CancellationToken);

        var (code, _) = await RunAsync();

        Assert.NotEqual(0, code);
    }

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(account, "token"), "the-token");
        await File.WriteAllTextAsync(Path.Combine(account, "namespace"), "fastkv-demo");
        await File.WriteAllTextAsync(Path.Combine(account, "ca.crt"), "");

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        api = builder.Build();
        api.Urls.Add("http://127.0.0.1:0");
        api.Run(async context =>
        {
            var body = await JsonDocument.ParseAsync(context.Request.Body);
            requests.Add((context.Request.Path, context.Request.Headers.Authorization.ToString(), body));
            context.Response.StatusCode = status;
        });
        await api.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await api.DisposeAsync();
        Directory.Delete(account, recursive: true);
    }

    private static V1Container Container() =>
        Manifests.Parse(Manifests.Render("overlays/demo")).Of<V1Job>().Single().Spec.Template.Spec.Containers.Single();

    /// <summary>The keys without which a pod of the demo would not start.</summary>
    private static IEnumerable<string> NeededKeys()
    {
        foreach (var workload in Manifests.Parse(Manifests.Render("overlays/demo")).Workloads)
        {
            foreach (var variable in workload.Containers.SelectMany(container => container.Env ?? []))
                if (variable.ValueFrom?.SecretKeyRef is { Optional: not true } reference)
                    yield return reference.Key;
            foreach (var volume in workload.Template.Spec.Volumes ?? [])
            foreach (var item in volume.Secret?.Items ?? [])
                yield return item.Key;
        }
    }

    private Dictionary<string, string> Data(int request) =>
        requests[request].Body.RootElement.GetProperty("stringData").Deserialize<Dictionary<string, string>>()!;

    private async Task<(int Code, string Output)> RunAsync()
    {
        var command = Container().Command;
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var variable in Container().Env)
            start.Environment[variable.Name] = variable.Name switch
            {
                "API" => api.Urls.Single(),
                "ACCOUNT" => account,
                _ => variable.Value,
            };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await error);
    }
}
