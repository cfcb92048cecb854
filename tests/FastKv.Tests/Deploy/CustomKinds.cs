using k8s;
using k8s.Models;

namespace FastKv.Tests.Deploy;

// Of the kinds that are not Kubernetes's own, what the manifests use: any other member is an unknown field. Their schemas are
// checked by .ci/manifests.

public abstract class CustomKind : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";
    public string Kind { get; set; } = "";
    public V1ObjectMeta Metadata { get; set; } = new();
}

/// <summary>https://gateway-api.sigs.k8s.io/reference/spec/</summary>
public sealed class HttpRoute : CustomKind
{
    public const string Group = "gateway.networking.k8s.io";
    public const string KindName = "HTTPRoute";

    public HttpRouteSpec Spec { get; set; } = new();
}

public sealed class HttpRouteSpec
{
    public IList<GatewayReference> ParentRefs { get; set; } = [];
    public IList<string> Hostnames { get; set; } = [];
    public IList<HttpRouteRule> Rules { get; set; } = [];
}

public sealed class GatewayReference
{
    public string? Name { get; set; }
    public string? Namespace { get; set; }
    public string? SectionName { get; set; }
}

public sealed class HttpRouteRule
{
    public IList<HttpRouteMatch> Matches { get; set; } = [];
    public IList<BackendReference> BackendRefs { get; set; } = [];
}

public sealed class HttpRouteMatch
{
    public HttpRoutePath Path { get; set; } = new();
}

public sealed class HttpRoutePath
{
    public string? Type { get; set; }
    public string? Value { get; set; }
}

public sealed class BackendReference
{
    public string? Name { get; set; }
    public int Port { get; set; }
}

/// <summary>https://prometheus-operator.dev/docs/api-reference/api/</summary>
public sealed class PodMonitor : CustomKind
{
    public const string Group = "monitoring.coreos.com";
    public const string KindName = "PodMonitor";

    public PodMonitorSpec Spec { get; set; } = new();
}

public sealed class PodMonitorSpec
{
    public string? JobLabel { get; set; }
    public PodMonitorNamespaces NamespaceSelector { get; set; } = new();
    public V1LabelSelector Selector { get; set; } = new();
    public IList<PodMetricsEndpoint> PodMetricsEndpoints { get; set; } = [];
}

public sealed class PodMonitorNamespaces
{
    public bool Any { get; set; }
}

public sealed class PodMetricsEndpoint
{
    public string? Port { get; set; }
    public string? Path { get; set; }
    public IList<Relabeling> Relabelings { get; set; } = [];
}

public sealed class Relabeling
{
    public IList<string> SourceLabels { get; set; } = [];
    public string? TargetLabel { get; set; }
}

public sealed class PrometheusRule : CustomKind
{
    public const string KindName = "PrometheusRule";

    public RuleGroups Spec { get; set; } = new();
}

/// <summary>What a file of rules is too.</summary>
public sealed class RuleGroups
{
    public IList<RuleGroup> Groups { get; set; } = [];
}

public sealed class RuleGroup
{
    public string? Name { get; set; }
    public IList<Rule> Rules { get; set; } = [];
}

public sealed class Rule
{
    public string? Record { get; set; }
    public string? Alert { get; set; }
    public string Expr { get; set; } = "";
    public string? For { get; set; }
    public IDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();
    public IDictionary<string, string> Annotations { get; set; } = new Dictionary<string, string>();
}
