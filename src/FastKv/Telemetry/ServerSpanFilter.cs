using System.Collections.Frozen;
using System.Diagnostics;
using OpenTelemetry;

namespace FastKv.Telemetry;

/// <summary>
/// Lets a server span keep only what can't hold anything of a user. ASP.NET's instrumentation records the path, which holds a
/// user's key, the query, the user agent and the client's address; in place of the path stands the template of its route.
/// </summary>
internal sealed class ServerSpanFilter : BaseProcessor<Activity>
{
    private const string Route = "http.route";

    private static readonly FrozenSet<string> Kept = FrozenSet.Create(
        Route,
        "http.request.method",
        "http.response.status_code",
        "error.type",
        "url.scheme",
        "network.protocol.name",
        "network.protocol.version",
        "server.address",
        "server.port"
    );

    public override void OnEnd(Activity data)
    {
        if (data.Kind != ActivityKind.Server)
        {
            return;
        }

        foreach (var (name, _) in data.TagObjects.ToArray())
        {
            if (!Kept.Contains(name))
            {
                data.SetTag(name, null);
            }
        }

        data.SetTag("url.path", data.GetTagItem(Route));
    }
}
