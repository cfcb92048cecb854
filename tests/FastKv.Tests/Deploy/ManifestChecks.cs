using System.Globalization;
using System.Text.RegularExpressions;
using k8s.Models;

namespace FastKv.Tests.Deploy;

/// <summary>
/// What neither the types nor the schemas of Kubernetes see: whether the documents fit each other and the program. Each
/// check returns its complaints, each a sentence that names the document.
/// </summary>
internal static partial class ManifestChecks
{
    public delegate IEnumerable<string> Check(Manifests manifests);

    public static readonly IReadOnlyDictionary<string, Check> All = new Dictionary<string, Check>
    {
        [nameof(Names_are_legal)] = Names_are_legal,
        [nameof(Selectors_match_labels)] = Selectors_match_labels,
        [nameof(Requests_are_not_above_limits)] = Requests_are_not_above_limits,
        [nameof(Mounts_have_volumes)] = Mounts_have_volumes,
        [nameof(Probes_hit_routes_that_exist_on_ports_that_exist)] = Probes_hit_routes_that_exist_on_ports_that_exist,
        [nameof(Ports_are_the_ones_that_the_program_listens_on)] = Ports_are_the_ones_that_the_program_listens_on,
        [nameof(Services_lead_to_ports_that_exist)] = Services_lead_to_ports_that_exist,
        [nameof(Environment_names_are_settings_of_the_program)] = Environment_names_are_settings_of_the_program,
        [nameof(Telemetry_names_the_pod)] = Telemetry_names_the_pod,
        [nameof(Secrets_are_references_to_keys_that_the_operator_makes)] =
            Secrets_are_references_to_keys_that_the_operator_makes,
        [nameof(Autoscaler_and_disruption_budget_aim_at_the_deployment)] =
            Autoscaler_and_disruption_budget_aim_at_the_deployment,
        [nameof(Grace_period_is_longer_than_the_drain)] = Grace_period_is_longer_than_the_drain,
        [nameof(Updates_never_take_a_replica_away)] = Updates_never_take_a_replica_away,
        [nameof(Pods_fit_the_restricted_security_standard)] = Pods_fit_the_restricted_security_standard,
        [nameof(Accounts_exist_and_have_a_token_only_where_it_is_used)] =
            Accounts_exist_and_have_a_token_only_where_it_is_used,
        [nameof(Network_policies_let_through_what_is_needed)] = Network_policies_let_through_what_is_needed,
        [nameof(Documents_are_in_one_namespace)] = Documents_are_in_one_namespace,
    };

    private static readonly string[] HealthRoutes = ["/health/live", "/health/ready"];

    /// <summary>The Secret's keys, as docs/kubernetes.md names them; the last two exist in the demo only.</summary>
    private static readonly string[] SecretKeys =
    [
        "redis-connection-string",
        "signing-key-0",
        "signing-key-1",
        "redis-password",
        "redis-users",
    ];

    /// <summary>What the operator makes besides the Secret, as docs/kubernetes.md names it.</summary>
    private static readonly string[] OperatorsConfigMaps = ["fastkv-redis-ca"];

    public static IEnumerable<string> Names_are_legal(Manifests manifests)
    {
        foreach (var document in manifests.Documents)
        {
            if (document.Metadata.Name.Length > 63 || !Label().IsMatch(document.Metadata.Name))
                yield return $"{document.Kind} {document.Metadata.Name}: not a legal name";
            foreach (var (key, value) in document.Metadata.Labels ?? new Dictionary<string, string>())
                if (value.Length > 63 || !LabelValue().IsMatch(value))
                    yield return $"{document.Kind} {document.Metadata.Name}: label {key} has an illegal value";
        }
        foreach (var workload in manifests.Workloads)
        {
            foreach (var container in workload.Containers.Where(c => !Label().IsMatch(c.Name)))
                yield return $"{workload.Name}: container {container.Name} has an illegal name";
            foreach (var port in workload.Ports.Where(p => !IsPortName(p.Name)))
                yield return $"{workload.Name}: port {port.Name} has an illegal name";
            foreach (var twice in workload.Ports.GroupBy(p => p.Name).Where(g => g.Count() > 1))
                yield return $"{workload.Name}: two ports are named {twice.Key}";
            foreach (var twice in workload.Ports.GroupBy(p => p.ContainerPort).Where(g => g.Count() > 1))
                yield return $"{workload.Name}: two ports are number {twice.Key}";
        }
        foreach (var twice in manifests.Documents.GroupBy(d => (d.Kind, d.Metadata.Name)).Where(g => g.Count() > 1))
            yield return $"{twice.Key.Kind} {twice.Key.Name}: is there twice";
    }

    public static IEnumerable<string> Selectors_match_labels(Manifests manifests)
    {
        foreach (var workload in manifests.Workloads.Where(w => w.Owner is not V1Job))
        {
            if (!workload.IsSelectedBy(workload.Selector))
                yield return $"{workload.Name}: its selector does not match its own pods";
            foreach (var other in manifests.Workloads.Where(w => w != workload && w.IsSelectedBy(workload.Selector)))
                yield return $"{workload.Name}: its selector matches the pods of {other.Name} too";
            foreach (var spread in workload.Template.Spec.TopologySpreadConstraints ?? [])
                if (!workload.IsSelectedBy(spread.LabelSelector?.MatchLabels))
                    yield return $"{workload.Name}: its spread over {spread.TopologyKey} does not count its own pods";
        }
        foreach (var service in manifests.Of<V1Service>())
            if (manifests.Workloads.Count(w => w.IsSelectedBy(service.Spec.Selector)) != 1)
                yield return $"Service {service.Metadata.Name}: does not select the pods of exactly one workload";
        foreach (var policy in manifests.Of<V1NetworkPolicy>())
            if (manifests.Workloads.Count(w => w.IsSelectedBy(policy.Spec.PodSelector?.MatchLabels)) != 1)
                yield return $"NetworkPolicy {policy.Metadata.Name}: does not select the pods of exactly one workload";
        foreach (var set in manifests.Of<V1StatefulSet>())
            if (
                !manifests
                    .Of<V1Service>()
                    .Any(s => s.Metadata.Name == set.Spec.ServiceName && s.Spec.ClusterIP == "None")
            )
                yield return $"StatefulSet {set.Metadata.Name}: has no headless Service {set.Spec.ServiceName}";
    }

    public static IEnumerable<string> Requests_are_not_above_limits(Manifests manifests)
    {
        foreach (var workload in manifests.Workloads)
        foreach (var container in workload.Containers)
        {
            var requests = container.Resources?.Requests ?? new Dictionary<string, ResourceQuantity>();
            var limits = container.Resources?.Limits ?? new Dictionary<string, ResourceQuantity>();
            foreach (var resource in (string[])["cpu", "memory"])
            {
                if (!requests.TryGetValue(resource, out var request) || request.ToDecimal() <= 0)
                    yield return $"{workload.Name}: {container.Name} requests no {resource}";
                else if (!limits.TryGetValue(resource, out var limit))
                    yield return $"{workload.Name}: {container.Name} has no limit for {resource}";
                else if (request.ToDecimal() > limit.ToDecimal())
                    yield return $"{workload.Name}: {container.Name} requests more {resource} than its limit";
            }
        }
    }

    public static IEnumerable<string> Mounts_have_volumes(Manifests manifests)
    {
        var configMaps = manifests
            .Of<V1ConfigMap>()
            .Select(c => c.Metadata.Name)
            .Concat(OperatorsConfigMaps)
            .ToHashSet();
        foreach (var workload in manifests.Workloads)
        {
            var volumes = (workload.Template.Spec.Volumes ?? [])
                .Select(v => v.Name)
                .Concat(workload.Claims)
                .ToHashSet();
            var mounts = workload.Containers.SelectMany(c => c.VolumeMounts ?? []).ToList();
            foreach (var mount in mounts.Where(m => !volumes.Contains(m.Name)))
                yield return $"{workload.Name}: {mount.MountPath} mounts {mount.Name}, which is no volume";
            foreach (var unused in volumes.Except(mounts.Select(m => m.Name)))
                yield return $"{workload.Name}: nothing mounts the volume {unused}";
            foreach (var twice in mounts.GroupBy(m => m.MountPath).Where(g => g.Count() > 1))
                yield return $"{workload.Name}: two volumes are mounted at {twice.Key}";
            foreach (var volume in workload.Template.Spec.Volumes ?? [])
                if (volume.ConfigMap is { } map && !configMaps.Contains(map.Name))
                    yield return $"{workload.Name}: there is no ConfigMap {map.Name}";
        }
    }

    public static IEnumerable<string> Probes_hit_routes_that_exist_on_ports_that_exist(Manifests manifests)
    {
        foreach (var workload in manifests.Workloads)
        foreach (var container in workload.Containers)
        {
            (string Kind, V1Probe? Probe, string Route)[] probes =
            [
                ("startup", container.StartupProbe, "/health/live"),
                ("readiness", container.ReadinessProbe, "/health/ready"),
                ("liveness", container.LivenessProbe, "/health/live"),
            ];
            foreach (var (kind, probe, route) in probes)
            {
                if (probe is null && workload.Owner is not V1Job)
                    yield return $"{workload.Name}: {container.Name} has no {kind} probe";
                if ((probe?.HttpGet?.Port ?? probe?.TcpSocket?.Port) is { } port && workload.Port(port) is null)
                    yield return $"{workload.Name}: its {kind} probe asks port {port.Value}, which no container has";
                if (probe?.HttpGet is { } get && !HealthRoutes.Contains(get.Path))
                    yield return $"{workload.Name}: its {kind} probe asks for {get.Path}, which the program does not serve";
                else if (probe?.HttpGet is { } other && other.Path != route)
                    yield return $"{workload.Name}: its {kind} probe asks for {other.Path} instead of {route}";
            }
        }
    }

    public static IEnumerable<string> Ports_are_the_ones_that_the_program_listens_on(Manifests manifests)
    {
        foreach (var deployment in manifests.Workloads.Where(w => w.Owner is V1Deployment))
        {
            var settings = Environment(manifests, deployment);
            Dictionary<string, string?> expected = new()
            {
                ["http"] = settings.GetValueOrDefault("ASPNETCORE_URLS")?.Split(':')[^1],
                ["http2"] = settings.GetValueOrDefault("FastKv__Http__Http2Port"),
                ["management"] = settings.GetValueOrDefault("FastKv__Http__ManagementPort"),
            };
            foreach (var (name, port) in expected)
                if ($"{deployment.Port(name)}" != port)
                    yield return $"{deployment.Name}: the port {name} is {deployment.Port(name)}, the program's is {port}";
            foreach (var port in deployment.Ports.Where(p => !expected.ContainsKey(p.Name)))
                yield return $"{deployment.Name}: the program has no port {port.Name}";
        }
    }

    public static IEnumerable<string> Services_lead_to_ports_that_exist(Manifests manifests)
    {
        foreach (var service in manifests.Of<V1Service>())
        foreach (var port in service.Spec.Ports)
        {
            if (!IsPortName(port.Name))
                yield return $"Service {service.Metadata.Name}: port {port.Name} has an illegal name";
            foreach (var workload in manifests.Workloads.Where(w => w.IsSelectedBy(service.Spec.Selector)))
                if (workload.Port(port.TargetPort ?? port.Port) is null)
                    yield return $"Service {service.Metadata.Name}: {workload.Name} has no port {port.TargetPort?.Value}";
            if (port.Name == "http2" && port.AppProtocol != "kubernetes.io/h2c")
                yield return $"Service {service.Metadata.Name}: port http2 does not say that it is HTTP/2 without TLS";
        }
        foreach (var route in manifests.Of<HttpRoute>())
        {
            if (route.Spec.ParentRefs.Count == 0 || route.Spec.ParentRefs.Any(parent => parent.Name is null))
                yield return $"HTTPRoute {route.Metadata.Name}: names no Gateway";
            if (route.Spec.Rules.SelectMany(rule => rule.Matches).Any(match => match.Path is not { Value: "/api" }))
                yield return $"HTTPRoute {route.Metadata.Name}: does not lead to /api";
            foreach (var backend in route.Spec.Rules.SelectMany(rule => rule.BackendRefs))
                if (
                    !manifests
                        .Of<V1Service>()
                        .Any(s =>
                            s.Metadata.Name == backend.Name
                            && s.Spec.Ports.Any(p => p.Port == backend.Port && p.AppProtocol == "kubernetes.io/h2c")
                        )
                )
                    yield return $"HTTPRoute {route.Metadata.Name}: {backend.Name}:{backend.Port} is no Service's port for HTTP/2";
        }
        foreach (var ingress in manifests.Of<V1Ingress>().Where(i => i.Spec.IngressClassName is null))
            yield return $"Ingress {ingress.Metadata.Name}: names no class, and may be taken by nobody";
        foreach (var ingress in manifests.Of<V1Ingress>())
        foreach (var path in ingress.Spec.Rules.SelectMany(rule => rule.Http.Paths))
            if (
                !manifests
                    .Of<V1Service>()
                    .Any(s =>
                        s.Metadata.Name == path.Backend.Service.Name
                        && s.Spec.Ports.Any(p =>
                            p.Name == path.Backend.Service.Port.Name || p.Port == path.Backend.Service.Port.Number
                        )
                    )
            )
                yield return $"Ingress {ingress.Metadata.Name}: {path.Path} leads to no Service's port";
    }

    public static IEnumerable<string> Environment_names_are_settings_of_the_program(Manifests manifests)
    {
        foreach (var deployment in manifests.Workloads.Where(w => w.Owner is V1Deployment))
        {
            var variables = deployment.Containers.SelectMany(c => c.Env ?? []).ToList();
            foreach (
                var name in Environment(manifests, deployment)
                    .Keys.Where(name => !Settings.Exists(name) && !variables.Any(v => Refers(v, name)))
            )
                yield return $"{deployment.Name}: {name} is no setting of the program";
            foreach (var source in deployment.Containers.SelectMany(c => c.EnvFrom ?? []))
                if (source.ConfigMapRef is not { } map || ConfigMap(manifests, map.Name) is null)
                    yield return $"{deployment.Name}: takes its settings from {source.ConfigMapRef?.Name}, which is not there";
            foreach (
                var twice in deployment
                    .Containers.SelectMany(c => c.Env ?? [])
                    .GroupBy(e => e.Name)
                    .Where(group => group.Count() > 1)
            )
                yield return $"{deployment.Name}: {twice.Key} is set twice";
        }
    }

    /// <summary>
    /// https://opentelemetry.io/docs/specs/semconv/resource/k8s/, from the pod itself: a variable is put in where it was defined
    /// before.
    /// </summary>
    public static IEnumerable<string> Telemetry_names_the_pod(Manifests manifests)
    {
        foreach (var deployment in manifests.Of<V1Deployment>())
        foreach (var container in deployment.Spec.Template.Spec.Containers)
        {
            var variables = (container.Env ?? []).ToList();
            var attributes = (variables.Find(v => v.Name == "OTEL_RESOURCE_ATTRIBUTES")?.Value ?? "")
                .Split(',')
                .Select(pair => pair.Split('='))
                .ToDictionary(pair => pair[0], pair => pair[^1]);
            foreach (var (attribute, field) in ResourceAttributes)
            {
                var value = attributes.GetValueOrDefault(attribute);
                var source = variables.Find(v => v.ValueFrom?.FieldRef?.FieldPath == field);
                if (source is null || value != $"$({source.Name})")
                    yield return $"Deployment {deployment.Metadata.Name}: {attribute} is not the pod's {field}";
                else if (variables.IndexOf(source) > variables.FindIndex(v => Refers(v, source.Name)))
                    yield return $"Deployment {deployment.Metadata.Name}: {source.Name} comes after it is used";
            }
            if (
                attributes.GetValueOrDefault("k8s.deployment.name") != deployment.Metadata.Name
                || attributes.GetValueOrDefault("k8s.container.name") != container.Name
            )
                yield return $"Deployment {deployment.Metadata.Name}: telemetry names another workload";
        }
    }

    private static bool Refers(V1EnvVar variable, string name) =>
        variable.Value?.Contains($"$({name})", StringComparison.Ordinal) == true;

    private static readonly (string Attribute, string Field)[] ResourceAttributes =
    [
        ("service.instance.id", "metadata.name"),
        ("k8s.pod.name", "metadata.name"),
        ("k8s.pod.uid", "metadata.uid"),
        ("k8s.namespace.name", "metadata.namespace"),
        ("k8s.node.name", "spec.nodeName"),
    ];

    public static IEnumerable<string> Secrets_are_references_to_keys_that_the_operator_makes(Manifests manifests)
    {
        foreach (var secret in manifests.Of<V1Secret>())
            yield return $"Secret {secret.Metadata.Name}: a secret is in the repository";
        foreach (var workload in manifests.Workloads)
        {
            foreach (var variable in workload.Containers.SelectMany(c => c.Env ?? []))
                if (variable.ValueFrom?.SecretKeyRef is { } reference)
                {
                    if (reference.Name != "fastkv-secrets" || !SecretKeys.Contains(reference.Key))
                        yield return $"{workload.Name}: {variable.Name} refers to {reference.Name}/{reference.Key}, which nobody makes";
                    // Without a key that is needed the container must not start.
                    if (reference.Optional == true && reference.Key != "signing-key-1")
                        yield return $"{workload.Name}: {variable.Name} would be left out when its Secret is missing";
                }
                else if (IsSecret(variable.Name))
                    yield return $"{workload.Name}: {variable.Name} does not come from a Secret";
            foreach (var volume in workload.Template.Spec.Volumes ?? [])
                if (
                    volume.Secret is { } secret
                    && (secret.SecretName != "fastkv-secrets" || secret.Items.Any(i => !SecretKeys.Contains(i.Key)))
                )
                    yield return $"{workload.Name}: the volume {volume.Name} wants a key that nobody makes";
            foreach (var secret in Projected(workload))
            {
                if (secret.Name != "fastkv-secrets" || secret.Items.Any(i => !SecretKeys.Contains(i.Key)))
                    yield return $"{workload.Name}: a file wants a key that nobody makes";
                if (secret.Optional == true && secret.Items.Any(i => i.Key != "signing-key-1"))
                    yield return $"{workload.Name}: a file would be left out when its Secret is missing";
                foreach (var item in secret.Items.Where(i => !Settings.Exists(i.Path)))
                    yield return $"{workload.Name}: the file {item.Path} is no setting of the program";
            }
        }
        foreach (var map in manifests.Of<V1ConfigMap>())
        foreach (var name in (map.Data ?? new Dictionary<string, string>()).Keys.Where(IsSecret))
            yield return $"ConfigMap {map.Metadata.Name}: {name} is a secret";
        foreach (var deployment in manifests.Workloads.Where(w => w.Owner is V1Deployment))
        foreach (var name in (string[])["ConnectionStrings__Redis", "FastKv__Token__SigningKeys__0"])
            if (
                !deployment.Containers.SelectMany(c => c.Env ?? []).Any(e => e.Name == name)
                && !(
                    Projected(deployment).SelectMany(s => s.Items).Any(i => i.Path == name)
                    && Environment(manifests, deployment).GetValueOrDefault("FastKv__SecretsDirectory") is { } folder
                    && deployment.Containers.SelectMany(c => c.VolumeMounts ?? []).Any(m => m.MountPath == folder)
                )
            )
                yield return $"{deployment.Name}: {name} is missing";

        static List<V1SecretProjection> Projected(Workload workload) =>
            [
                .. (workload.Template.Spec.Volumes ?? [])
                    .SelectMany(volume => volume.Projected?.Sources ?? [])
                    .Select(source => source.Secret)
                    .OfType<V1SecretProjection>(),
            ];

        static bool IsSecret(string name) =>
            name.StartsWith("ConnectionStrings__", StringComparison.Ordinal)
            || name.Contains("SigningKey", StringComparison.Ordinal)
            || name.Contains("PASSWORD", StringComparison.OrdinalIgnoreCase)
                && !name.StartsWith("FastKv__Passwords__", StringComparison.Ordinal);
    }

    public static IEnumerable<string> Autoscaler_and_disruption_budget_aim_at_the_deployment(Manifests manifests)
    {
        foreach (var deployment in manifests.Of<V1Deployment>())
        {
            var name = deployment.Metadata.Name;
            var scaler = manifests
                .Of<V2HorizontalPodAutoscaler>()
                .SingleOrDefault(s =>
                    s.Spec.ScaleTargetRef is { ApiVersion: "apps/v1", Kind: "Deployment" } target && target.Name == name
                );
            if (scaler is null)
                yield return $"Deployment {name}: no HorizontalPodAutoscaler aims at it";
            else if (!(scaler.Spec.MinReplicas >= 2 && scaler.Spec.MaxReplicas > scaler.Spec.MinReplicas))
                yield return $"HorizontalPodAutoscaler {scaler.Metadata.Name}: needs two replicas, and room above";
            if (scaler is not null && deployment.Spec.Replicas is not null)
                yield return $"Deployment {name}: its replicas would be set back at each apply";

            var labels = deployment.Spec.Template.Metadata.Labels;
            var budget = manifests
                .Of<V1PodDisruptionBudget>()
                .SingleOrDefault(b => b.Spec.Selector.MatchLabels.All(label => labels.Contains(label)));
            if (budget is null)
                yield return $"Deployment {name}: no PodDisruptionBudget covers it";
            else if (budget.Spec.MaxUnavailable is not { Value: not ("0" or "0%") })
                yield return $"PodDisruptionBudget {budget.Metadata.Name}: would hold up every node drain";
        }
        foreach (var scaler in manifests.Of<V2HorizontalPodAutoscaler>())
            if (manifests.Of<V1Deployment>().All(d => d.Metadata.Name != scaler.Spec.ScaleTargetRef.Name))
                yield return $"HorizontalPodAutoscaler {scaler.Metadata.Name}: aims at nothing";
    }

    public static IEnumerable<string> Grace_period_is_longer_than_the_drain(Manifests manifests)
    {
        foreach (var deployment in manifests.Workloads.Where(w => w.Owner is V1Deployment))
        {
            var settings = Environment(manifests, deployment);
            var preStop = deployment.Containers.Max(c => c.Lifecycle?.PreStop?.Sleep?.Seconds ?? 0);
            var drain = Seconds("FastKv__Http__DrainSeconds");
            var shutdown = Seconds("FastKv__Http__ShutdownSeconds");
            var grace = deployment.Template.Spec.TerminationGracePeriodSeconds ?? 30;
            if (preStop <= 0)
                yield return $"{deployment.Name}: has no preStop";
            if (grace <= preStop + drain + shutdown)
                yield return $"{deployment.Name}: {grace} s of grace end before {preStop} + {drain} + {shutdown} s do";

            int Seconds(string name) => int.Parse(settings[name]!, CultureInfo.InvariantCulture);
        }
    }

    public static IEnumerable<string> Updates_never_take_a_replica_away(Manifests manifests)
    {
        foreach (var deployment in manifests.Of<V1Deployment>())
            if (
                deployment.Spec.Strategy
                is not { Type: "RollingUpdate", RollingUpdate: { MaxUnavailable.Value: "0", MaxSurge.Value: not "0" } }
            )
                yield return $"Deployment {deployment.Metadata.Name}: an update may leave fewer replicas than before";
    }

    /// <summary>https://kubernetes.io/docs/concepts/security/pod-security-standards/, and a root that is read only.</summary>
    public static IEnumerable<string> Pods_fit_the_restricted_security_standard(Manifests manifests)
    {
        foreach (var workload in manifests.Workloads)
        {
            var pod = workload.Template.Spec;
            if (pod.HostNetwork == true || pod.HostPID == true || pod.HostIPC == true)
                yield return $"{workload.Name}: shares a namespace of its host";
            if (
                pod.SecurityContext is not { RunAsNonRoot: true, SeccompProfile.Type: "RuntimeDefault" }
                || pod.SecurityContext.RunAsUser <= 0
            )
                yield return $"{workload.Name}: may be root, or has not the default seccomp profile";
            // Kubernetes can only see that a number is not root; OpenShift gives the number itself and takes no other.
            if (!IsForOpenShift(manifests) && pod.SecurityContext?.RunAsUser is null)
                yield return $"{workload.Name}: is not a user by number";
            if (
                IsForOpenShift(manifests)
                && pod.SecurityContext is { RunAsUser: not null } or { RunAsGroup: not null } or { FsGroup: not null }
            )
                yield return $"{workload.Name}: has a user or a group of its own, which OpenShift refuses";
            foreach (var volume in pod.Volumes ?? [])
                if (
                    volume is
                    { EmptyDir: null, ConfigMap: null, Secret: null, PersistentVolumeClaim: null, Projected: null }
                )
                    yield return $"{workload.Name}: the volume {volume.Name} is of a kind that is not allowed";
            foreach (var container in workload.Containers)
            {
                if (
                    container.SecurityContext
                    is not {
                        AllowPrivilegeEscalation: false,
                        Privileged: not true,
                        Capabilities: { Add: null, Drop: ["ALL"] }
                    }
                )
                    yield return $"{workload.Name}: {container.Name} keeps privileges";
                if (container.SecurityContext is not { ReadOnlyRootFilesystem: true })
                    yield return $"{workload.Name}: {container.Name} can write to its root";
            }
        }
    }

    public static IEnumerable<string> Accounts_exist_and_have_a_token_only_where_it_is_used(Manifests manifests)
    {
        var accounts = manifests.Of<V1ServiceAccount>().ToDictionary(account => account.Metadata.Name);
        foreach (var workload in manifests.Workloads)
        {
            var name = workload.Template.Spec.ServiceAccountName ?? "default";
            if (name != "default" && !accounts.ContainsKey(name))
                yield return $"{workload.Name}: there is no ServiceAccount {name}";
            var isUsed = manifests.Of<V1RoleBinding>().Any(b => b.Subjects.Any(s => s.Name == name));
            if (!isUsed && workload.Template.Spec.AutomountServiceAccountToken != false)
                yield return $"{workload.Name}: gets a token that it does not use";
        }
        foreach (var binding in manifests.Of<V1RoleBinding>())
        {
            if (manifests.Of<V1Role>().All(role => role.Metadata.Name != binding.RoleRef.Name))
                yield return $"RoleBinding {binding.Metadata.Name}: there is no Role {binding.RoleRef.Name}";
            foreach (var subject in binding.Subjects.Where(subject => !accounts.ContainsKey(subject.Name)))
                yield return $"RoleBinding {binding.Metadata.Name}: there is no ServiceAccount {subject.Name}";
        }
        foreach (var role in manifests.Of<V1Role>())
        foreach (var rule in role.Rules)
            if (
                rule.Verbs.Concat(rule.Resources).Contains("*")
                || rule.Resources.Contains("secrets") && rule.Verbs is not ["create"]
            )
                yield return $"Role {role.Metadata.Name}: may do more than create a Secret";
    }

    public static IEnumerable<string> Network_policies_let_through_what_is_needed(Manifests manifests)
    {
        foreach (var workload in manifests.Workloads.Where(w => w.Owner is not V1Job))
        {
            var policy = manifests
                .Of<V1NetworkPolicy>()
                .SingleOrDefault(p => workload.IsSelectedBy(p.Spec.PodSelector?.MatchLabels));
            if (policy?.Spec.PolicyTypes is not { } types || !types.Contains("Ingress") || !types.Contains("Egress"))
            {
                yield return $"{workload.Name}: no NetworkPolicy covers both directions";
                continue;
            }
            var incoming = (policy.Spec.Ingress ?? []).SelectMany(rule => rule.Ports ?? []).ToList();
            foreach (var port in workload.Ports.Where(p => incoming.All(i => workload.Port(i.Port) != p.ContainerPort)))
                yield return $"{workload.Name}: nobody may reach its port {port.Name}";
            foreach (var port in incoming.Where(i => workload.Port(i.Port) is null))
                yield return $"{workload.Name}: its policy names the port {port.Port.Value}, which it does not have";
            foreach (var peer in (policy.Spec.Ingress ?? []).SelectMany(rule => rule.FromProperty ?? []))
                if (peer is { PodSelector.MatchLabels: { } labels, NamespaceSelector: null } && !Selects(labels))
                    yield return $"{workload.Name}: lets in pods that do not exist";
            if (workload.Owner is not V1Deployment)
                continue;

            var egress = policy.Spec.Egress ?? [];
            var dns = IsForOpenShift(manifests) ? "5353" : "53";
            if (!Allows(dns, "UDP") || !Allows(dns, "TCP"))
                yield return $"{workload.Name}: may not ask the DNS";
            if (!Allows("6379", "TCP"))
                yield return $"{workload.Name}: may not reach Redis";
            if (Environment(manifests, workload).GetValueOrDefault("OTEL_EXPORTER_OTLP_ENDPOINT") is { } endpoint)
                if (!Allows($"{new Uri(endpoint).Port}", "TCP"))
                    yield return $"{workload.Name}: may not reach the collector";
            foreach (var peer in egress.SelectMany(rule => rule.To ?? []))
                if (peer is { PodSelector.MatchLabels: { } labels, NamespaceSelector: null } && !Selects(labels))
                    yield return $"{workload.Name}: may reach pods that do not exist";

            bool Allows(string port, string protocol) =>
                egress.Any(rule => rule.Ports.Any(p => p.Port.Value == port && (p.Protocol ?? "TCP") == protocol));
        }

        bool Selects(IDictionary<string, string> labels) => manifests.Workloads.Any(w => w.IsSelectedBy(labels));
    }

    public static IEnumerable<string> Documents_are_in_one_namespace(Manifests manifests)
    {
        var namespaces = manifests.Of<V1Namespace>().ToList();
        var expected =
            namespaces.Count > 0 ? namespaces[0].Metadata.Name : manifests.Documents[0].Metadata.NamespaceProperty;
        foreach (var document in manifests.Documents.Where(d => d is not V1Namespace))
            if (document.Metadata.NamespaceProperty != expected)
                yield return $"{document.Kind} {document.Metadata.Name}: is not in the namespace {expected}";
        foreach (var space in namespaces)
        foreach (var mode in (string[])["enforce", "warn", "audit"])
            if (
                space.Metadata.Labels?.TryGetValue($"pod-security.kubernetes.io/{mode}", out var level) != true
                || level != "restricted"
            )
                yield return $"Namespace {space.Metadata.Name}: the restricted security standard is not its {mode}";
    }

    private static bool IsForOpenShift(Manifests manifests) =>
        manifests
            .Of<V1NetworkPolicy>()
            .SelectMany(policy => policy.Spec.Egress ?? [])
            .SelectMany(rule => rule.To ?? [])
            .Any(peer => peer.NamespaceSelector?.MatchLabels?.Values.Contains("openshift-dns") == true);

    /// <summary>The container's environment; the value is null where a Secret holds it.</summary>
    private static Dictionary<string, string?> Environment(Manifests manifests, Workload workload)
    {
        Dictionary<string, string?> result = [];
        foreach (var source in workload.Containers.SelectMany(c => c.EnvFrom ?? []))
        foreach (
            var (name, value) in ConfigMap(manifests, source.ConfigMapRef?.Name)?.Data
                ?? new Dictionary<string, string>()
        )
            result[name] = value;
        foreach (var variable in workload.Containers.SelectMany(c => c.Env ?? []))
            result[variable.Name] = variable.Value;
        return result;
    }

    private static V1ConfigMap? ConfigMap(Manifests manifests, string? name) =>
        manifests.Of<V1ConfigMap>().FirstOrDefault(map => map.Metadata.Name == name);

    /// <summary>RFC 6335, section 5.1: what Kubernetes takes for the name of a port.</summary>
    private static bool IsPortName(string? name) =>
        name is { Length: >= 1 and <= 15 } && PortName().IsMatch(name) && name.Any(char.IsAsciiLetter);

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
    private static partial Regex Label();

    [GeneratedRegex("^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$")]
    private static partial Regex LabelValue();

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex PortName();
}
