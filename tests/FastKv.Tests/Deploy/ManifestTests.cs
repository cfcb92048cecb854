using Xunit;

namespace FastKv.Tests.Deploy;

/// <summary>The manifests under <c>k8s/</c>, as kustomize renders them.</summary>
public sealed class ManifestTests
{
    public static TheoryData<string> Folders => [.. Manifests.Folders, .. Manifests.MonitoringFolders];

    public static TheoryData<string, string> FoldersAndChecks
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (var folder in Manifests.Folders)
            foreach (var check in ManifestChecks.All.Keys)
                data.Add(folder, check);
            return data;
        }
    }

    [Theory, MemberData(nameof(Folders))]
    public void A_folder_renders_to_documents_without_an_unknown_field(string folder) =>
        Assert.NotEmpty(Manifests.Parse(Manifests.Render(folder)).Documents);

    [Theory, MemberData(nameof(FoldersAndChecks))]
    public void A_folder_has_nothing_to_complain_about(string folder, string check) =>
        Assert.Empty(ManifestChecks.All[check](Manifests.Parse(Manifests.Render(folder))));

    /// <summary>An error for each check to see: what of the rendered text is replaced by what.</summary>
    public static TheoryData<string, string, string, string> PlantedErrors =>
        new()
        {
            { "base", nameof(ManifestChecks.Names_are_legal), "name: management\n", "name: the-management-port\n" },
            { "base", nameof(ManifestChecks.Names_are_legal), "  name: fastkv\n", "  name: Fast_Kv\n" },
            {
                "base",
                nameof(ManifestChecks.Selectors_match_labels),
                "selector:\n    matchLabels:\n      app.kubernetes.io/component: service",
                "selector:\n    matchLabels:\n      app.kubernetes.io/component: servant"
            },
            {
                "base",
                nameof(ManifestChecks.Selectors_match_labels),
                "selector:\n    app.kubernetes.io/component: service",
                "selector:\n    app.kubernetes.io/component: servant"
            },
            {
                "base",
                nameof(ManifestChecks.Selectors_match_labels),
                "podSelector:\n    matchLabels:\n      app.kubernetes.io/component: service",
                "podSelector:\n    matchLabels:\n      app.kubernetes.io/component: servant"
            },
            {
                "base",
                nameof(ManifestChecks.Selectors_match_labels),
                "labelSelector:\n          matchLabels:\n            app.kubernetes.io/component: service",
                "labelSelector:\n          matchLabels:\n            app.kubernetes.io/component: servant"
            },
            {
                "overlays/demo",
                nameof(ManifestChecks.Selectors_match_labels),
                "serviceName: redis",
                "serviceName: store"
            },
            { "base", nameof(ManifestChecks.Requests_are_not_above_limits), "memory: 400Mi", "memory: 2Gi" },
            { "base", nameof(ManifestChecks.Requests_are_not_above_limits), "cpu: \"2\"", "cpu: 900m" },
            { "base", nameof(ManifestChecks.Requests_are_not_above_limits), "            cpu: \"1\"\n", "" },
            {
                "base",
                nameof(ManifestChecks.Mounts_have_volumes),
                "- mountPath: /tmp\n          name: tmp",
                "- mountPath: /tmp\n          name: temporary"
            },
            {
                "overlays/production",
                nameof(ManifestChecks.Mounts_have_volumes),
                "configMap:\n          name: fastkv-redis-ca",
                "configMap:\n          name: redis-ca"
            },
            {
                "base",
                nameof(ManifestChecks.Probes_hit_routes_that_exist_on_ports_that_exist),
                "path: /health/ready",
                "path: /healthz"
            },
            {
                "base",
                nameof(ManifestChecks.Probes_hit_routes_that_exist_on_ports_that_exist),
                "path: /health/ready",
                "path: /health/live"
            },
            {
                "base",
                nameof(ManifestChecks.Probes_hit_routes_that_exist_on_ports_that_exist),
                "port: management\n          periodSeconds: 2",
                "port: manage\n          periodSeconds: 2"
            },
            {
                "base",
                nameof(ManifestChecks.Ports_are_the_ones_that_the_program_listens_on),
                "containerPort: 8081",
                "containerPort: 9090"
            },
            {
                "base",
                nameof(ManifestChecks.Ports_are_the_ones_that_the_program_listens_on),
                "FastKv__Http__Http2Port: \"8082\"",
                "FastKv__Http__Http2Port: \"8083\""
            },
            {
                "base",
                nameof(ManifestChecks.Services_lead_to_ports_that_exist),
                "targetPort: http\n",
                "targetPort: web\n"
            },
            {
                "base",
                nameof(ManifestChecks.Services_lead_to_ports_that_exist),
                "kubernetes.io/h2c",
                "kubernetes.io/ws"
            },
            {
                "overlays/production + ingress",
                nameof(ManifestChecks.Services_lead_to_ports_that_exist),
                "service:\n            name: fastkv\n",
                "service:\n            name: fastkvs\n"
            },
            {
                "overlays/production + ingress",
                nameof(ManifestChecks.Services_lead_to_ports_that_exist),
                "  ingressClassName: nginx\n",
                ""
            },
            {
                "overlays/production",
                nameof(ManifestChecks.Services_lead_to_ports_that_exist),
                "- name: fastkv\n      port: 8082",
                "- name: fastkv\n      port: 80"
            },
            {
                "overlays/production",
                nameof(ManifestChecks.Services_lead_to_ports_that_exist),
                "  - name: example\n    namespace: gateway\n",
                "  - namespace: gateway\n"
            },
            {
                "base",
                nameof(ManifestChecks.Telemetry_names_the_pod),
                "fieldPath: metadata.uid",
                "fieldPath: metadata.name"
            },
            {
                "base",
                nameof(ManifestChecks.Telemetry_names_the_pod),
                "service.instance.id=$(POD_NAME)",
                "service.instance.id=fastkv"
            },
            {
                "base",
                nameof(ManifestChecks.Telemetry_names_the_pod),
                "k8s.container.name=fastkv",
                "k8s.container.name=service"
            },
            {
                "base",
                nameof(ManifestChecks.Environment_names_are_settings_of_the_program),
                "k8s.pod.uid=$(POD_UID)",
                "k8s.pod.uid=$(UID)"
            },
            {
                "overlays/production + openshift + mounted-secrets",
                nameof(ManifestChecks.Secrets_are_references_to_keys_that_the_operator_makes),
                "path: FastKv__Token__SigningKeys__0",
                "path: FastKv__Token__SigningKey__0"
            },
            {
                "overlays/production + openshift + mounted-secrets",
                nameof(ManifestChecks.Secrets_are_references_to_keys_that_the_operator_makes),
                "path: ConnectionStrings__Redis\n",
                "path: Redis\n"
            },
            {
                "overlays/production + openshift + mounted-secrets",
                nameof(ManifestChecks.Secrets_are_references_to_keys_that_the_operator_makes),
                "value: /etc/fastkv/secrets",
                "value: /etc/fastkv"
            },
            {
                "overlays/demo + openshift",
                nameof(ManifestChecks.Pods_fit_the_restricted_security_standard),
                "runAsNonRoot: true",
                "runAsNonRoot: true\n        runAsUser: 1654"
            },
            {
                "overlays/demo + openshift",
                nameof(ManifestChecks.Network_policies_let_through_what_is_needed),
                "port: 5353",
                "port: 53"
            },
            {
                "overlays/demo",
                nameof(ManifestChecks.Documents_are_in_one_namespace),
                "warn: restricted",
                "warn: baseline"
            },
            {
                "base",
                nameof(ManifestChecks.Environment_names_are_settings_of_the_program),
                "FastKv__Http__DrainSeconds",
                "FastKv__Http__DrainTime"
            },
            {
                "base",
                nameof(ManifestChecks.Environment_names_are_settings_of_the_program),
                "FastKv__Token__SigningKeys__1",
                "FastKv__Token__SigningKey__1"
            },
            {
                "base",
                nameof(ManifestChecks.Environment_names_are_settings_of_the_program),
                "configMapRef:\n            name: fastkv-settings-",
                "configMapRef:\n            name: fastkv-setting-"
            },
            {
                "base",
                nameof(ManifestChecks.Secrets_are_references_to_keys_that_the_operator_makes),
                "key: signing-key-0",
                "key: signing-key"
            },
            {
                "base",
                nameof(ManifestChecks.Secrets_are_references_to_keys_that_the_operator_makes),
                "key: signing-key-0",
                "key: signing-key-0\n              optional: true"
            },
            {
                "base",
                nameof(ManifestChecks.Secrets_are_references_to_keys_that_the_operator_makes),
                "  ASPNETCORE_URLS:",
                "  ConnectionStrings__Redis: redis,password=p\n  ASPNETCORE_URLS:"
            },
            {
                "base",
                nameof(ManifestChecks.Secrets_are_references_to_keys_that_the_operator_makes),
                "kind: ServiceAccount",
                "kind: ServiceAccount\nmetadata:\n  name: s\n---\napiVersion: v1\nkind: Secret"
            },
            {
                "base",
                nameof(ManifestChecks.Autoscaler_and_disruption_budget_aim_at_the_deployment),
                "kind: Deployment\n    name: fastkv",
                "kind: Deployment\n    name: fast-kv"
            },
            {
                "base",
                nameof(ManifestChecks.Autoscaler_and_disruption_budget_aim_at_the_deployment),
                "maxUnavailable: 1",
                "maxUnavailable: 0"
            },
            {
                "base",
                nameof(ManifestChecks.Autoscaler_and_disruption_budget_aim_at_the_deployment),
                "progressDeadlineSeconds:",
                "replicas: 2\n  progressDeadlineSeconds:"
            },
            {
                "base",
                nameof(ManifestChecks.Grace_period_is_longer_than_the_drain),
                "terminationGracePeriodSeconds: 45",
                "terminationGracePeriodSeconds: 30"
            },
            {
                "base",
                nameof(ManifestChecks.Grace_period_is_longer_than_the_drain),
                "ShutdownSeconds: \"20\"",
                "ShutdownSeconds: \"60\""
            },
            {
                "base",
                nameof(ManifestChecks.Updates_never_take_a_replica_away),
                "maxUnavailable: 0",
                "maxUnavailable: 1"
            },
            {
                "base",
                nameof(ManifestChecks.Pods_fit_the_restricted_security_standard),
                "runAsUser: 1654",
                "runAsUser: 0"
            },
            {
                "base",
                nameof(ManifestChecks.Pods_fit_the_restricted_security_standard),
                "allowPrivilegeEscalation: false",
                "allowPrivilegeEscalation: true"
            },
            {
                "overlays/demo",
                nameof(ManifestChecks.Pods_fit_the_restricted_security_standard),
                "readOnlyRootFilesystem: true",
                "readOnlyRootFilesystem: false"
            },
            {
                "base",
                nameof(ManifestChecks.Accounts_exist_and_have_a_token_only_where_it_is_used),
                "serviceAccountName: fastkv",
                "serviceAccountName: fast-kv"
            },
            {
                "base",
                nameof(ManifestChecks.Accounts_exist_and_have_a_token_only_where_it_is_used),
                "      automountServiceAccountToken: false\n",
                ""
            },
            {
                "overlays/demo",
                nameof(ManifestChecks.Accounts_exist_and_have_a_token_only_where_it_is_used),
                "- create",
                "- get"
            },
            {
                "base",
                nameof(ManifestChecks.Network_policies_let_through_what_is_needed),
                "- port: 6379",
                "- port: 6380"
            },
            {
                "base",
                nameof(ManifestChecks.Network_policies_let_through_what_is_needed),
                "- port: http2",
                "- port: http3"
            },
            {
                "overlays/production",
                nameof(ManifestChecks.Network_policies_let_through_what_is_needed),
                "- port: 4317",
                "- port: 4318"
            },
            {
                "overlays/demo",
                nameof(ManifestChecks.Network_policies_let_through_what_is_needed),
                "- podSelector:\n        matchLabels:\n          app.kubernetes.io/component: store",
                "- podSelector:\n        matchLabels:\n          app.kubernetes.io/component: stock"
            },
            {
                "overlays/demo",
                nameof(ManifestChecks.Documents_are_in_one_namespace),
                "  namespace: fastkv-demo\n",
                ""
            },
            {
                "overlays/demo",
                nameof(ManifestChecks.Documents_are_in_one_namespace),
                "enforce: restricted",
                "enforce: baseline"
            },
        };

    [Theory, MemberData(nameof(PlantedErrors))]
    public void A_planted_error_is_seen(string folder, string check, string text, string replacement)
    {
        var yaml = Manifests.Render(folder);
        Assert.Contains(text, yaml, StringComparison.Ordinal);

        Assert.NotEmpty(
            ManifestChecks.All[check](Manifests.Parse(yaml.Replace(text, replacement, StringComparison.Ordinal)))
        );
    }

    [Fact]
    public void Every_check_has_an_error_to_see() =>
        Assert.Equal(ManifestChecks.All.Keys.Order(), PlantedErrors.Select(row => row.Data.Item2).Distinct().Order());

    [Fact]
    public void A_field_that_does_not_exist_is_seen() =>
        Assert.ThrowsAny<Exception>(() =>
            Manifests.Parse(
                Manifests.Render("base").Replace("readinessProbe:", "readynessProbe:", StringComparison.Ordinal)
            )
        );

    [Fact]
    public void Production_names_a_release_of_the_image() =>
        Assert.DoesNotContain(
            "image: fastkv:latest",
            Manifests.Render("overlays/production"),
            StringComparison.Ordinal
        );
}
