using System.Globalization;
using System.Text;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>wrk, with the requests written out as a Lua script.</summary>
internal sealed class WrkDriver(WorkFolder folder, string? cores) : IDriver
{
    private const string ResultMark = "RESULT ";

    public string Name => "wrk";

    public async Task<DriveResult> DriveAsync(DriveOrder order, CancellationToken cancellation)
    {
        var script = folder.Write("requests.lua", Script(order.Plan, order.Target));
        string[] arguments =
        [
            .. new[] { "-t", "1", "-c", $"{order.Connections}", "-d", $"{order.Seconds}s" },
            .. new[] { "--timeout", "10s", "-s", script, order.Target.ToString() },
        ];
        var output = await ChildProcess.OutputOfAsync("wrk", arguments, cores, cancellation);
        return Parse(output);
    }

    public static DriveResult Parse(string output)
    {
        var line =
            output.Split('\n').FirstOrDefault(text => text.StartsWith(ResultMark, StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"wrk printed no result: {output}");
        var numbers = line[ResultMark.Length..]
            .Split(' ')
            .Select(text => long.Parse(text, CultureInfo.InvariantCulture))
            .ToArray();
        return new DriveResult(numbers[0], numbers[1] / 1e6, numbers[2]);
    }

    /// <summary>
    /// The whole request is put together once; a call only fills in the number. wrk counts answers above 399 itself:
    /// looking at each answer in Lua would cost it more than the server spends.
    /// </summary>
    public static string Script(RequestPlan plan, Uri target)
    {
        var pieces = RawRequest(plan, target).Split(RequestPlan.NumberMark).Select(Quote);
        var next = plan.Pick is NumberPick.Random ? $"math.random(0, {plan.Count - 1})" : "taken";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            local taken = -1
            math.randomseed(os.time())
            request = function()
              taken = taken + 1
              local number = string.format("%010d", {next})
              return {string.Join(" .. number .. ", pieces)}
            end
            done = function(summary)
              local errors = summary.errors
              local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
              print(string.format("{ResultMark}%d %d %d", summary.requests, summary.duration, failed))
            end
            """
        );
    }

    private static string RawRequest(RequestPlan plan, Uri target)
    {
        var request = new StringBuilder($"{plan.Method} {plan.Path} HTTP/1.1\r\nHost: {target.Authority}\r\n");
        if (plan.Token is not null)
        {
            request.Append("Authorization: Bearer ").Append(plan.Token).Append("\r\n");
        }

        if (plan.Body is { } body)
        {
            var length = Encoding.UTF8.GetByteCount(
                body.Replace(RequestPlan.NumberMark, RequestPlan.Digits(0), StringComparison.Ordinal)
            );
            request
                .Append("Content-Type: application/json\r\nContent-Length: ")
                .Append(length.ToString(CultureInfo.InvariantCulture))
                .Append("\r\n");
        }

        return request.Append("\r\n").Append(plan.Body).ToString();
    }

    private static string Quote(string text) =>
        '"'
        + text.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\r", "\\r", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal)
        + '"';
}
