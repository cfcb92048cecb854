using System.Globalization;
using System.Text.RegularExpressions;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>h2load, HTTP/2 without TLS. It takes paths from a list, each connection from its start, and one body.</summary>
internal sealed partial class H2loadDriver(WorkFolder folder, string? cores) : IDriver
{
    private const int MostPaths = 10_000;

    public string Name => "h2load";

    public async Task<DriveResult> DriveAsync(DriveOrder order, CancellationToken cancellation)
    {
        var plan = order.Plan;
        List<string> arguments =
        [
            .. new[] { "-t", "1", "-c", $"{order.Connections}", "-m", $"{order.Streams}", "-D", $"{order.Seconds}" },
            .. new[] { "-i", folder.Write("paths.txt", Paths(order)), "-H", $":method: {plan.Method}" },
        ];
        if (plan.Token is not null)
        {
            arguments.AddRange(["-H", $"authorization: Bearer {plan.Token}"]);
        }

        if (plan.Body is not null)
        {
            arguments.AddRange(["-H", "content-type: application/json", "-d", folder.Write("body.json", plan.Body)]);
        }

        return Parse(await ChildProcess.OutputOfAsync("h2load", arguments, cores, cancellation), order.Duration);
    }

    public static DriveResult Parse(string output, TimeSpan duration)
    {
        var requests = RequestsLine().Match(output);
        var statuses = StatusLine().Match(output);
        if (!requests.Success || !statuses.Success)
        {
            throw new InvalidOperationException($"h2load printed no result: {output}");
        }

        var done = Number(requests, 1);
        return new DriveResult(done, duration.TotalSeconds, done - Number(statuses, 1));
    }

    private static string Paths(DriveOrder order)
    {
        var count = Math.Min(order.Plan.Count, MostPaths);
        var numbers = Enumerable.Range(0, (int)count).Select(_ => Random.Shared.NextInt64(order.Plan.Count));
        var paths = numbers.Select(number =>
            new Uri(
                order.Target,
                order.Plan.Path.Replace(RequestPlan.NumberMark, RequestPlan.Digits(number), StringComparison.Ordinal)
            ).ToString()
        );
        return string.Join('\n', paths) + '\n';
    }

    private static long Number(Match match, int group) =>
        long.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^requests: \d+ total, \d+ started, (\d+) done", RegexOptions.Multiline)]
    private static partial Regex RequestsLine();

    [GeneratedRegex(@"^status codes: (\d+) 2xx", RegexOptions.Multiline)]
    private static partial Regex StatusLine();
}
