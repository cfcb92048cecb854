using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastKv.Tests.Harness;
using k8s;
using k8s.Models;

namespace FastKv.Tests.Deploy;

/// <summary>The documents that <c>kubectl kustomize</c> renders of one folder under <c>k8s/</c>.</summary>
internal sealed class Manifests
{
    /// <summary>What can be applied or built upon: the service, alone, with its surroundings, and with components added.</summary>
    public static readonly string[] Folders =
    [
        "base",
        "overlays/demo",
        "overlays/production",
        "overlays/demo + openshift",
        "overlays/production + openshift + mounted-secrets",
        "overlays/production + ingress",
    ];

    /// <summary>What is beside the service.</summary>
    public static readonly string[] MonitoringFolders = ["monitoring", "monitoring-operator"];

    private static readonly Dictionary<string, Type> CustomKinds = new()
    {
        [$"{HttpRoute.Group}/v1/{HttpRoute.KindName}"] = typeof(HttpRoute),
        [$"{PodMonitor.Group}/v1/{PodMonitor.KindName}"] = typeof(PodMonitor),
        [$"{PodMonitor.Group}/v1/{PrometheusRule.KindName}"] = typeof(PrometheusRule),
    };

    private static readonly string Root = FindRoot();
    private static readonly Dictionary<string, string> Rendered = [];

    private Manifests(IReadOnlyList<IKubernetesObject<V1ObjectMeta>> documents)
    {
        Documents = documents;
        Workloads =
        [
            .. Of<V1Deployment>().Select(d => new Workload(d, d.Spec.Template, d.Spec.Selector?.MatchLabels)),
            .. Of<V1StatefulSet>()
                .Select(s => new Workload(s, s.Spec.Template, s.Spec.Selector?.MatchLabels)
                {
                    Claims = [.. (s.Spec.VolumeClaimTemplates ?? []).Select(claim => claim.Metadata.Name)],
                }),
            .. Of<V1Job>().Select(j => new Workload(j, j.Spec.Template, j.Spec.Selector?.MatchLabels)),
        ];
    }

    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Documents { get; }

    public IReadOnlyList<Workload> Workloads { get; }

    public IEnumerable<T> Of<T>() => Documents.OfType<T>();

    /// <summary>Reads rendered YAML; an unknown field or a value of the wrong type is an error.</summary>
    public static Manifests Parse(string yaml) =>
        new([
            .. KubernetesYaml
                .LoadAllFromString(yaml, CustomKinds, strict: true)
                .Select(document =>
                    document as IKubernetesObject<V1ObjectMeta>
                    ?? throw new InvalidDataException($"A {document.GetType()} has no metadata.")
                ),
        ]);

    /// <summary>
    /// The YAML of a folder, with the components that are named after it, rendered once a test run. Skips the test where there is no kubectl,
    /// but not in CI.
    /// </summary>
    public static string Render(string folder)
    {
        lock (Rendered)
        {
            if (!Rendered.TryGetValue(folder, out var yaml))
            {
                yaml = folder.Split(" + ") is [var resource, .. { Length: > 0 } components]
                    ? Compose(resource, components)
                    : Kustomize(Path.Combine(Root, "k8s", folder));
                Rendered.Add(folder, yaml);
            }
            return yaml;
        }
    }

    /// <summary>The path of a file of the repository.</summary>
    public static string RepositoryFile(string path) => Path.Combine(Root, path);

    /// <summary>Renders what an operator's own kustomization makes of an overlay and components.</summary>
    private static string Compose(string resource, string[] components)
    {
        using var folder = new TemporaryDirectory();
        // As if they stood in the overlay itself, whose namespace they get.
        var space = File.ReadLines(Path.Combine(Root, "k8s", resource, "kustomization.yaml"))
            .Single(line => line.StartsWith("namespace:", StringComparison.Ordinal));
        File.WriteAllText(
            Path.Combine(folder.Path, "kustomization.yaml"),
            $"""
            {space}
            resources: [{Relative(resource)}]
            components: [{string.Join(", ", components.Select(component => Relative($"components/{component}")))}]
            """
        );
        return Kustomize(folder.Path);

        string Relative(string path) => Path.GetRelativePath(folder.Path, Path.Combine(Root, "k8s", path));
    }

    private static string Kustomize(string folder)
    {
        var start = new ProcessStartInfo("kubectl", ["kustomize", folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception) when (Environment.GetEnvironmentVariable("CI") is null)
        {
            Xunit.Assert.Skip("kubectl is not on the PATH; it renders the manifests.");
            throw;
        }
        using (process)
        {
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0
                ? output
                : throw new InvalidDataException($"kubectl kustomize {folder}: {error.Result}");
        }
    }

    private static string FindRoot([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../.."));
}

/// <summary>Something that makes pods.</summary>
internal sealed record Workload(
    IKubernetesObject<V1ObjectMeta> Owner,
    V1PodTemplateSpec Template,
    IDictionary<string, string>? Selector
)
{
    public IReadOnlyList<string> Claims { get; init; } = [];

    public string Name => $"{Owner.Kind} {Owner.Metadata.Name}";

    public IDictionary<string, string> Labels => Template.Metadata?.Labels ?? new Dictionary<string, string>();

    public IEnumerable<V1Container> Containers => [.. Template.Spec.InitContainers ?? [], .. Template.Spec.Containers];

    public IEnumerable<V1ContainerPort> Ports => Containers.SelectMany(container => container.Ports ?? []);

    /// <summary>The number of a port that is given as a name or a number; null when no container has it.</summary>
    public int? Port(IntOrString port) =>
        Ports.FirstOrDefault(p => p.Name == port.Value || $"{p.ContainerPort}" == port.Value)?.ContainerPort;

    public bool IsSelectedBy(IDictionary<string, string>? labels) =>
        labels is { Count: > 0 }
        && labels.All(label => Labels.TryGetValue(label.Key, out var value) && value == label.Value);
}
