using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;
using YamlDotNet.RepresentationModel;

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

    private static readonly HashSet<string> Labels =
    [
        "job",
        "instance",
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
    internal static IEnumerable<string> MetricsOfAnyService =>
        Metrics.Except([
            "up",
            "fastkv_login_limiter_rejections_total",
            "fastkv_requests_shed_total",
            "fastkv_sessions_ended_total",
            "fastkv_tokens_renewed_total",
            "fastkv_memory_refusals_total",
            "dotnet_exceptions_total",
        ]);

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
                .Where(metric => !Metrics.Contains(metric)),
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

    private static List<string> RuleQueries()
    {
        var rules = new YamlStream();
        rules.Load(new StringReader(Read("fastkv.rules.yaml")));
        return
        [
            .. ((YamlSequenceNode)rules.Documents[0].RootNode["groups"])
                .SelectMany(group => (YamlSequenceNode)group["rules"])
                .Select(rule => ((YamlScalarNode)rule["expr"]).Value!),
        ];
    }

    private static string Read(string file) => File.ReadAllText(Manifests.RepositoryFile($"k8s/monitoring/{file}"));

    [GeneratedRegex("_(bucket|count|sum)$")]
    private static partial Regex HistogramSuffix();

    [GeneratedRegex(@"([a-z_]+)\{")]
    private static partial Regex Metric();

    [GeneratedRegex("[{,]\\s*([a-z_]+)\\s*(?:=~|!~|!=|=)\\s*\"")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\bby \(([^)]*)\)")]
    private static partial Regex Grouping();
}
