using System.Net;
using FastKv.Tests.Harness;
using k8s.Models;
using Xunit;

namespace FastKv.Tests.Deploy;

/// <summary>The real program, started with what the manifests say.</summary>
public sealed class RunningProgramTests(ServiceFixture fixture)
{
    public static TheoryData<string> Folders =>
        [.. Manifests.Folders.Where(folder => !folder.Contains('+', StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Folders))]
    public async Task It_accepts_the_settings_of_a_folder_and_answers_its_probes(string folder)
    {
        var manifests = Manifests.Parse(Manifests.Render(folder));
        using var data = new TemporaryDirectory();
        await using var service = Launch(manifests, data, out var management);
        using var probes = new ApiClient(management);
        var container = manifests.Of<V1Deployment>().Single().Spec.Template.Spec.Containers.Single();

        foreach (var probe in (V1Probe[])[container.StartupProbe, container.ReadinessProbe, container.LivenessProbe])
        {
            await UntilAsync(service, $"{probe.HttpGet.Path} is answered with 200", probes, probe.HttpGet.Path);
        }

        (await service.Api.GetAsync("/api/data/key")).Expect(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task It_publishes_what_the_dashboard_asks_for()
    {
        Assert.SkipUnless(Settings.HasGroup("Http"), "The program has no management port.");
        using var data = new TemporaryDirectory();
        await using var service = Launch(Manifests.Parse(Manifests.Render("base")), data, out var management);
        using var prometheus = new ApiClient(management);
        await UntilAsync(service, "the service is ready", prometheus, "/health/ready");
        var token = await service.Api.NewUserTokenAsync();
        (await service.Api.StoreAsync(token, "key", "value")).Expect(HttpStatusCode.Created);
        (await service.Api.RetrieveAsync(token, "key")).Expect(HttpStatusCode.OK);
        (await service.Api.RetrieveAsync(token, "none")).Expect(HttpStatusCode.NotFound);

        await UntilAsync(service, "the metrics are there", prometheus, "/metrics");
        var published = (await prometheus.GetAsync("/metrics")).Text;

        Assert.All(
            MonitoringTests.MetricsOfAnyService,
            metric => Assert.Contains($"\n{metric}{{", published, StringComparison.Ordinal)
        );
    }

    /// <summary>
    /// Starts the program with the settings of the ConfigMap, on free ports instead of the container's, and with the tests' store
    /// and key instead of the Secret's.
    /// </summary>
    private FastKvProcess Launch(Manifests manifests, TemporaryDirectory data, out Uri management)
    {
        var port = Wait.FreePort();
        Dictionary<string, string?> settings = new(
            manifests.Of<V1ConfigMap>().Single().Data.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value))
        )
        {
            ["FastKv__Http__Http2Port"] = $"{Wait.FreePort()}",
            ["FastKv__Http__ManagementPort"] = $"{port}",
            ["FastKv__DataDirectory"] = data.Path,
        };
        settings.Remove("ASPNETCORE_URLS");
        var attributes = manifests
            .Of<V1Deployment>()
            .Single()
            .Spec.Template.Spec.Containers.Single()
            .Env.Single(variable => variable.Name == "OTEL_RESOURCE_ATTRIBUTES");
        settings[attributes.Name] = attributes.Value.Replace("$(", "the-", StringComparison.Ordinal);
        if (settings.ContainsKey("OTEL_EXPORTER_OTLP_ENDPOINT"))
        {
            settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{Wait.FreePort()}";
        }

        var service = FastKvProcess.Launch(fixture.Redis, [.. settings.Select(pair => (pair.Key, pair.Value))]);
        management = Settings.HasGroup("Http") ? new Uri($"http://127.0.0.1:{port}") : service.Address;
        return service;
    }

    private static Task UntilAsync(FastKvProcess service, string what, ApiClient client, string path) =>
        Wait.UntilAsync(
            what,
            async () =>
            {
                Assert.False(service.HasExited, service.Log);
                try
                {
                    return (await client.GetAsync(path)).Status == HttpStatusCode.OK;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            }
        );
}
