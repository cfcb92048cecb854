using System.CommandLine;
using System.Diagnostics;
using FastKv.Auth;
using FastKv.Configuration;
using FastKv.Redis;
using FastKv.Server;
using FastKv.Telemetry;
using StackExchange.Redis;

namespace FastKv.Admin;

/// <summary><c>admin doctor</c>: whether settings and Redis are as the service needs them, one line for each check.</summary>
internal static class Doctor
{
    public static Command Create(AdminRunner runner)
    {
        var json = JsonOption.Create("one object");
        var command = new Command(
            "doctor",
            "Check the settings and the Redis that they name: reachable, version, eviction, persistence, replicas, rights, clock. "
                + "Only errors count for the exit code, warnings do not."
        )
        {
            json,
        };
        command.SetAction(
            (parsed, cancellation) =>
                runner.RunAsync(async () =>
                {
                    var report = new Report(runner.Console, parsed.GetValue(json));
                    var code = await RunAsync(report, runner.Settings, cancellation);
                    report.End();
                    return code;
                })
        );
        return command;
    }

    private static async Task<int> RunAsync(Report report, string[] settings, CancellationToken cancellation)
    {
        try
        {
            CheckSettings(settings);
            report.Add(Requirement.Met("settings", "valid"));
        }
        catch (InvalidSettingException wrong)
        {
            report.Add(Requirement.Broken("settings", "one is wrong or missing", wrong.Message));
        }

        try
        {
            await using var store = await AdminStore.OpenAsync(settings, cancellation);
            await CheckStoreAsync(store, report);
            return report.HasErrors ? ExitCode.Findings : ExitCode.Done;
        }
        catch (InvalidSettingException wrong)
        {
            report.Add(Requirement.Broken("store", "it can't be used", wrong.Message));
            return ExitCode.Failed;
        }
        catch (AdminException unreachable)
        {
            report.Add(Requirement.Broken("store", "Redis can't be reached", unreachable.Message));
            return unreachable.ExitCode;
        }
        catch (StoreUnavailableException outage)
        {
            report.Add(
                Requirement.Broken(
                    "store",
                    $"Redis refuses: {outage.Reason}",
                    OutageCause.AdviceFor(OutageCause.OfReason(outage.Reason))
                )
            );
            return ExitCode.Unavailable;
        }
    }

    /// <summary>
    /// All settings of the service, as its start reads them; nothing is opened. That something listens where the service is to is no
    /// finding: it may be the service.
    /// </summary>
    private static void CheckSettings(string[] settings)
    {
        var builder = HostSettings.CreateBuilder(settings);
        _ = builder.AddServer();
        builder.AddTelemetry();
        var options = RedisOptions.From(builder.Configuration);
        if (RedisSetup.EmbeddedDirectory(builder.Configuration) is null)
        {
            _ = options.ToConfiguration(builder.Configuration.GetConnectionString("Redis")!);
            _ = TokenOptions.From(builder.Configuration, keyFile: null);
        }
        else
        {
            // The service makes itself a key if none is set.
            _ = TokenOptions.WithoutKeys(builder.Configuration);
        }

        _ = PasswordOptions.From(builder.Configuration);
        _ = DataOptions.From(builder.Configuration);
    }

    private static async Task CheckStoreAsync(AdminStore store, Report report)
    {
        if (store.EmbeddedDirectory is { } directory)
        {
            report.Add(Requirement.Met("store", $"embedded, in {directory}; for one process only"));
            return;
        }

        foreach (var server in store.Connection.Multiplexer!.GetServers())
        {
            var name = ServerName.Of(server.EndPoint);
            if (!server.IsConnected)
            {
                var cause = await new ConnectionProbe(store.Configuration).OfAsync(
                    server.EndPoint,
                    TimeSpan.FromMilliseconds(Math.Clamp(store.Configuration.ConnectTimeout, 1500, 10_000)),
                    CancellationToken.None
                );
                report.Add(
                    new Requirement(
                        server.IsReplica ? RequirementState.Warning : RequirementState.Error,
                        "reachable",
                        $"no: {cause?.Cause ?? OutageCause.NoAnswer}",
                        OutageCause.AdviceFor(cause?.Cause ?? OutageCause.NoAnswer)
                    ),
                    name
                );
                continue;
            }

            await CheckServerAsync(server, name, store, report);
        }
    }

    private static async Task CheckServerAsync(IServer server, string name, AdminStore store, Report report)
    {
        report.Add(Requirement.Met("reachable", server.IsReplica ? "yes, a replica" : "yes, a master"), name);
        var info = await InfoAsync(server);
        report.Add(RedisRequirements.Version(info), name);
        report.Add(RedisRequirements.Eviction(info), name);
        report.Add(RedisRequirements.Persistence(info), name);
        if (server.IsReplica)
        {
            return;
        }

        report.Add(RedisRequirements.Replication(info), name);
        var missing = await new RedisRights(store.Connection, store.Keys).FindMissingAsync(server);
        var ofService = missing.Except(RedisRights.OfOperators).ToArray();
        report.Add(
            ofService.Length == 0
                ? Requirement.Met("rights", "all that the service needs")
                : Requirement.Broken(
                    "rights",
                    $"missing: {string.Join(", ", ofService)}",
                    "give them to the Redis user; docs/redis.md has the line for its ACL"
                ),
            name
        );
        var ofOperators = missing.Intersect(RedisRights.OfOperators).ToArray();
        if (ofOperators.Length > 0)
        {
            report.Add(
                Requirement.Doubtful(
                    "operators' rights",
                    $"missing: {string.Join(", ", ofOperators)}",
                    "admin user list, user delete and check need them: ACL SETUSER … +scan +zscan, and - afterwards"
                ),
                name
            );
        }

        if (!missing.Contains("TIME"))
        {
            report.Add(await ClockAsync(server), name);
        }
    }

    /// <summary>What a server says of itself; nothing if it may not be asked.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> InfoAsync(IServer server)
    {
        try
        {
            return RedisRequirements.ParseInfo((await server.ExecuteAsync("INFO")).ToString());
        }
        catch (RedisServerException)
        {
            return RedisRequirements.ParseInfo("");
        }
    }

    private static async Task<Requirement> ClockAsync(IServer server)
    {
        // Milliseconds.
        const double Tolerance = 1000;
        var asked = Stopwatch.GetTimestamp();
        var theirs = await server.TimeAsync();
        var way = Stopwatch.GetElapsedTime(asked);
        var difference = theirs - (DateTime.UtcNow - way / 2);
        var finding = FormattableString.Invariant($"{difference.TotalSeconds:+0.0;-0.0;0.0} s from the clock here");
        return Math.Abs(difference.TotalMilliseconds) - way.TotalMilliseconds / 2 <= Tolerance
            ? Requirement.Met("clock", finding)
            : Requirement.Doubtful("clock", finding, "tokens end and sessions begin by these clocks; set both by NTP");
    }

    /// <summary>Takes the lines: at once as text, together as JSON.</summary>
    private sealed class Report(AdminConsole console, bool isJson)
    {
        private readonly List<DoctorLine> lines = [];

        public bool HasErrors { get; private set; }

        public void Add(Requirement found, string? server = null)
        {
            HasErrors |= found.State == RequirementState.Error;
            var line = new DoctorLine(
                found.State.ToString().ToLowerInvariant(),
                found.Name,
                server,
                found.Finding,
                found.Advice
            );
            lines.Add(line);
            if (!isJson)
            {
                var of = server is null ? "" : $" of {server}";
                console.Write(
                    $"{line.State, -7}  {line.Check}{of}: {line.Finding}{(line.Advice is null ? "" : $" — {line.Advice}")}"
                );
            }
        }

        public void End()
        {
            if (isJson)
            {
                console.Write(new DoctorReport(lines), AdminJson.Lines.DoctorReport);
            }
        }
    }
}

/// <summary>What the doctor found.</summary>
internal sealed record DoctorReport(IReadOnlyList<DoctorLine> Checks);

/// <summary>One check.</summary>
/// <param name="State"><c>ok</c>, <c>warning</c> or <c>error</c>.</param>
/// <param name="Check">What was checked.</param>
/// <param name="Server">Of which server; null if of none.</param>
/// <param name="Finding">What is so.</param>
/// <param name="Advice">What to do; null if nothing is to be done.</param>
internal sealed record DoctorLine(string State, string Check, string? Server, string Finding, string? Advice);
