using System.Text.Json;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using Xunit;

namespace FastKv.Tests.Deploy;

/// <summary>
/// The dashboard and the alert rules ask for metrics and labels that the program has, by the names that Prometheus gives
/// them. Whether a query is well formed is promtool's to say (<c>.ci/monitoring</c>).
/// </summary>
public sealed partial class MonitoringTests
{
    private static readonly HashSet<string> Metrics =
    [
        "up",
        .. Histogram("http_server_request_duration_seconds"),
        .. Histogram("db_client_operation_duration_seconds"),
        .. Histogram("fastkv_password_hash_wait_duration_seconds"),
        .. Histogram("fastkv_password_hash_duration_seconds"),
        "fastkv_deletions_age_seconds",
        "fastkv_deletions_waiting",
        "fastkv_errors_total",
        "fastkv_login_limiter_rejections_total",
        "fastkv_memory_reserved_bytes",
        "fastkv_memory_refusals_total",
        "fastkv_password_hash_queue_length",
        "fastkv_redis_connected",
        "fastkv_requests_in_flight",
        "fastkv_requests_shed_total",
        "fastkv_sessions_ended_total",
        "fastkv_token_cache_lookups_total",
        "fastkv_tokens_renewed_total",
        "kestrel_active_connections",
        "dotnet_exceptions_total",
        "dotnet_gc_heap_total_allocated_bytes_total",
        "dotnet_gc_pause_time_seconds_total",
        "dotnet_process_cpu_count",
        "dotnet_process_cpu_time_seconds_total",
        "dotnet_process_memory_working_set_bytes",
        "dotnet_thread_pool_queue_length_total",
        "dotnet_thread_pool_thread_count_total",
    ];

    /// <summary>Of redis_exporter, kube-state-metrics and the kubelet's cAdvisor.</summary>
    private static readonly HashSet<string> MetricsOfOthers =
    [
        "redis_evicted_keys_total",
        "redis_memory_max_bytes",
        "redis_memory_used_bytes",
        "container_memory_working_set_bytes",
        "kube_deployment_status_replicas_available",
        "kube_horizontalpodautoscaler_spec_max_replicas",
        "kube_horizontalpodautoscaler_status_desired_replicas",
        "kube_pod_container_resource_limits",
    ];

    private static readonly HashSet<string> Labels =
    [
        "job",
        "instance",
        "namespace",
        "pod",
        "container",
        "deployment",
        "horizontalpodautoscaler",
        "resource",
        "server_address",
        "server_port",
        "le",
        "http_request_method",
        "http_response_status_code",
        "http_route",
        "db_operation_name",
        "error_type",
        "fastkv_cache_result",
        "fastkv_error_code",
        "fastkv_limiter",
        "fastkv_session_scope",
    ];

    /// <summary>What is published once a user has signed in and stored something; the others wait for trouble.</summary>
    internal static IEnumerable<string> MetricsOfAnyService => Metrics.Except(["up", "dotnet_exceptions_total"]);

    [Fact]
    public void The_dashboard_asks_for_what_there_is() => AssertKnown(DashboardQueries());

    [Fact]
    public void The_alert_rules_ask_for_what_there_is() => AssertKnown(RuleQueries());

    [Fact]
    public void A_metric_or_a_label_that_does_not_exist_is_seen()
    {
        Assert.Equal(["fastkv_error_total"], Unknown("""sum(rate(fastkv_error_total{job="fastkv"}[5m]))"""));
        Assert.Equal(["code"], Unknown("""sum by (code) (rate(fastkv_errors_total{job="fastkv"}[5m]))"""));
        Assert.Equal(["code"], Unknown("""sum(rate(fastkv_errors_total{job="fastkv", code="INTERNAL_ERROR"}[5m]))"""));
    }

    [Fact]
    public void Every_instrument_of_the_program_is_on_the_dashboard()
    {
        var queries = string.Join('\n', DashboardQueries());
        Assert.All(
            Metrics,
            metric => Assert.Contains(HistogramSuffix().Replace(metric, ""), queries, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Every_panel_shows_the_namespaces_that_were_chosen() =>
        Assert.All(
            DashboardQueries(),
            query =>
                Assert.All(
                    Selector().Matches(query),
                    selector => Assert.Contains("namespace=~\"$namespace\"", selector.Value, StringComparison.Ordinal)
                )
        );

    /// <summary>A sum over all namespaces would hide a dead production behind a living staging.</summary>
    [Fact]
    public void Every_rule_keeps_namespaces_apart() =>
        Assert.All(
            RuleQueries(),
            query =>
                Assert.All(
                    Aggregation().Matches(query),
                    aggregation => Assert.Equal(" by (namespace", aggregation.Groups[1].Value)
                )
        );

    [Fact]
    public void Each_alert_has_its_section_of_the_runbook_and_each_section_its_alert()
    {
        var alerts = Alerts(RulesFile()).ToList();
        var sections = RunbookSection()
            .Matches(File.ReadAllText(Manifests.RepositoryFile("docs/runbook.md")))
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        Assert.True(alerts.Count > 20);

        Assert.Equal(alerts.Select(alert => alert.Alert!).Order(), sections.Keys.Order());
        Assert.All(
            sections,
            section =>
                Assert.All(
                    (string[])["- **Means**: ", "- **Look at**: ", "- **Do**: "],
                    part => Assert.Contains(part, section.Value, StringComparison.Ordinal)
                )
        );
    }

    [Fact]
    public void Each_alert_leads_to_its_section_below_an_address_that_is_set_once()
    {
        var rules = RulesFile();
        var address = rules
            .Groups.SelectMany(group => group.Rules)
            .Single(rule => rule.Record == "fastkv:runbook:info");
        Assert.EndsWith("docs/runbook.md", address.Labels["url"], StringComparison.Ordinal);

        Assert.All(
            Alerts(rules),
            alert =>
            {
                var url = alert.Annotations["runbook_url"];
                Assert.EndsWith($"}}#{alert.Alert!.ToLowerInvariant()}", url, StringComparison.Ordinal);
                Assert.Contains("query \"fastkv:runbook:info\"", url, StringComparison.Ordinal);
                Assert.Contains(alert.Labels["severity"], (string[])["critical", "warning"]);
            }
        );
        Assert.Single(Url().Matches(Read("fastkv.rules.yaml")));
    }

    public static TheoryData<string> Folders => [.. Manifests.MonitoringFolders];

    [Theory, MemberData(nameof(Folders))]
    public void Applying_a_folder_needs_nothing_that_an_empty_cluster_lacks(string folder)
    {
        var manifests = Manifests.Parse(Manifests.Render(folder));
        var space = Assert.Single(manifests.Of<V1Namespace>()).Metadata.Name;

        Assert.All(
            manifests.Documents.Where(document => document is not V1Namespace),
            document => Assert.Equal(space, document.Metadata.NamespaceProperty)
        );
        // It may be there already, with pods that need more than ours do.
        Assert.Null(manifests.Of<V1Namespace>().Single().Metadata.Labels);
    }

    [Fact]
    public void The_operator_gets_the_same_rules_once()
    {
        var manifests = Manifests.Parse(Manifests.Render("monitoring-operator"));

        var rules = Assert.Single(manifests.Of<PrometheusRule>()).Spec;
        Assert.Equivalent(RulesFile(), rules, strict: true);
        Assert.DoesNotContain(manifests.Of<V1ConfigMap>(), map => map.Metadata.Name == "fastkv-rules");
        Assert.Contains(manifests.Of<V1ConfigMap>(), map => map.Metadata.Name == "fastkv-dashboard");
    }

    [Fact]
    public void The_operator_finds_the_replicas_under_the_name_that_the_rules_ask_for()
    {
        var monitor = Manifests.Parse(Manifests.Render("monitoring-operator")).Of<PodMonitor>().Single();
        var service = Manifests.Parse(Manifests.Render("base")).Workloads.Single();

        Assert.True(service.IsSelectedBy(monitor.Spec.Selector.MatchLabels));
        Assert.True(monitor.Spec.NamespaceSelector.Any);
        Assert.Equal("fastkv", service.Labels[monitor.Spec.JobLabel!]);
        var endpoint = Assert.Single(monitor.Spec.PodMetricsEndpoints);
        Assert.NotNull(service.Port(endpoint.Port!));
        Assert.Equal("/metrics", endpoint.Path);
    }

    private static IEnumerable<Rule> Alerts(RuleGroups rules) =>
        rules.Groups.SelectMany(group => group.Rules).Where(rule => rule.Alert is not null);

    private static RuleGroups RulesFile() =>
        KubernetesYaml.Deserialize<RuleGroups>(Read("fastkv.rules.yaml"), strict: true);

    private static IEnumerable<string> Histogram(string name) => [$"{name}_bucket", $"{name}_count", $"{name}_sum"];

    private static void AssertKnown(List<string> queries)
    {
        Assert.True(queries.Count > 10);
        Assert.All(queries, query => Assert.Empty(Unknown(query)));
    }

    /// <summary>The metrics (a name before a brace) and labels (in braces, and after "by") that are not known.</summary>
    private static IEnumerable<string> Unknown(string query) =>
        [
            .. Metric()
                .Matches(query)
                .Select(match => match.Groups[1].Value)
                .Where(metric => !Metrics.Contains(metric) && !MetricsOfOthers.Contains(metric)),
            .. Matcher().Matches(query).Select(match => match.Groups[1].Value).Where(label => !Labels.Contains(label)),
            .. Grouping()
                .Matches(query)
                .SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries))
                .Where(label => !Labels.Contains(label)),
        ];

    private static List<string> DashboardQueries()
    {
        using var dashboard = JsonDocument.Parse(Read("fastkv.dashboard.json"));
        return
        [
            .. dashboard
                .RootElement.GetProperty("panels")
                .EnumerateArray()
                .Where(panel => panel.TryGetProperty("targets", out _))
                .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
                .Select(target => target.GetProperty("expr").GetString()!),
        ];
    }

    private static List<string> RuleQueries() =>
        [.. RulesFile().Groups.SelectMany(group => group.Rules).Select(rule => rule.Expr)];

    private static string Read(string file) => File.ReadAllText(Manifests.RepositoryFile($"k8s/monitoring/{file}"));

    [GeneratedRegex("_(bucket|count|sum)$")]
    private static partial Regex HistogramSuffix();

    [GeneratedRegex(@"([a-z_]+)\{")]
    private static partial Regex Metric();

    [GeneratedRegex("[{,]\\s*([a-z_]+)\\s*(?:=~|!~|!=|=)\\s*\"")]
    private static partial Regex Matcher();

    [GeneratedRegex("https?://")]
    private static partial Regex Url();

    [GeneratedRegex(@"[a-z_]+\{[^}]*\}")]
    private static partial Regex Selector();

    [GeneratedRegex(@"\b(?:sum|min|max|avg|count|group|topk|quantile)\b( by \(namespace)?")]
    private static partial Regex Aggregation();

    [GeneratedRegex(@"^### (FastKv\w+)\n((?:(?!^#).*\n)*)", RegexOptions.Multiline)]
    private static partial Regex RunbookSection();

    [GeneratedRegex(@"\bby \(([^)]*)\)")]
    private static partial Regex Grouping();
}
