using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FastKv.Tests.History;

internal enum Bug
{
    None,
    AnswersBeforeItWrites,
    ReadsThenWritesInsteadOfSetIfAbsent,
    ReadsFromACopyThatLags,
    SometimesTriesADeleteTwice,
    SaysNothingWasDoneAfterItWasDone,
    LosesAnAcknowledgedWrite,
    ChecksAConditionBeforeItWrites,
    StopsInTheMiddleOfABatch,
    RemembersASuccessApartFromTheWrite,
    WritesTheIndexApartFromTheValue,
    RemembersThatASessionIsAlive,
    ChecksTheSessionApartFromTheWrite,
}

/// <summary>
/// A small server with the data operations in memory that sometimes breaks a connection instead of answering, and with one bug for
/// the checks to find.
/// </summary>
internal sealed class PlantedStore : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly Bug bug;
    private readonly Lock gate = new();
    private readonly Dictionary<string, WireReply> done = [];
    private readonly Dictionary<string, string> valueOfVersion = [];
    private readonly HashSet<string> unlisted = [];
    private readonly HashSet<string> ended = [];
    private readonly Dictionary<string, DateTime> knownAlive = [];
    private Entries entries = Entries.None;
    private Entries copy = Entries.None;

    private PlantedStore(Bug bug)
    {
        this.bug = bug;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        app = builder.Build();
        app.Run(ServeAsync);
    }

    public int Port => new Uri(app.Urls.First()).Port;

    public static async Task<PlantedStore> StartAsync(Bug bug)
    {
        var store = new PlantedStore(bug);
        await store.app.StartAsync();
        return store;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static bool Sometimes => Random.Shared.Next(10) == 0;

    private async Task ServeAsync(HttpContext context)
    {
        var request = context.Request;
        var token = $"{request.Headers.Authorization}";
        if (request.Path.Value is "/api/register" or "/api/token")
        {
            await WriteAsync(context, Session(request.Method, request.Path.Value, token));
            return;
        }

        if (HasEnded(token))
        {
            await WriteAsync(context, Refused);
            return;
        }

        if (request is { Method: "GET", Path.Value: "/api/data" })
        {
            await WriteAsync(context, List());
            return;
        }

        var body = request.ContentLength > 0 ? await JsonNode.ParseAsync(request.Body) : null;
        Call call;
        lock (gate)
        {
            call = DataProtocol.CallOf(
                request.Method,
                request.Path,
                request.QueryString.HasValue,
                body,
                text => request.Headers.TryGetValue(text, out var tag) ? ValueOf($"{tag}") : ValueOf(text)
            );
        }

        if (bug == Bug.ChecksTheSessionApartFromTheWrite && !call.IsRead)
        {
            await Task.Delay(5);
        }

        var reply = await AnswerAsync(call, request.Headers["Idempotency-Key"], token);
        if (reply is null || !call.IsRead && Sometimes && Sometimes)
        {
            context.Abort();
            return;
        }

        await WriteAsync(context, reply);
    }

    private static WireReply Refused => new(401, new Dictionary<string, string>(), """{"code":"INVALID_TOKEN"}""");

    private bool HasEnded(string token)
    {
        lock (gate)
        {
            if (
                bug == Bug.RemembersThatASessionIsAlive
                && knownAlive.TryGetValue(token, out var asked)
                && asked > DateTime.UtcNow.AddMilliseconds(-100)
            )
            {
                return false;
            }

            knownAlive[token] = DateTime.UtcNow;
            return ended.Contains(token);
        }
    }

    // Everybody is the same user, and signs in without a password.
    private WireReply Session(string method, string path, string token)
    {
        lock (gate)
        {
            if (path == "/api/register")
            {
                return new(201, new Dictionary<string, string>(), "{}");
            }

            if (method == "DELETE")
            {
                var isFirst = ended.Add(token);
                return isFirst ? new(200, new Dictionary<string, string>(), "{}") : Refused;
            }

            return new(
                200,
                new Dictionary<string, string>(),
                $$$"""{"data":{"access_token":"{{{Guid.NewGuid():N}}}"}}"""
            );
        }
    }

    // Null: the connection breaks.
    private async Task<WireReply?> AnswerAsync(Call call, string? idempotencyKey, string token)
    {
        var first = call.Steps[0];
        if (
            bug == Bug.ReadsThenWritesInsteadOfSetIfAbsent && !call.IsBatch && first.Kind == Kind.Create
            || bug == Bug.ChecksAConditionBeforeItWrites && !call.IsBatch && first.IfMatch is not null
        )
        {
            var before = entries.Apply(call).Answer;
            if (before is not ("200" or "201"))
            {
                return DataProtocol.ReplyOf(call, before);
            }

            await Task.Delay(5);
            call = Call.Of(first with { Kind = first.Kind == Kind.Create ? Kind.Upsert : first.Kind, IfMatch = null });
        }

        lock (gate)
        {
            if (bug != Bug.ChecksTheSessionApartFromTheWrite && HasEnded(token))
            {
                return Refused;
            }

            if (idempotencyKey is not null && done.TryGetValue(idempotencyKey, out var known))
            {
                return known with
                {
                    Headers = new Dictionary<string, string>(known.Headers) { ["Idempotent-Replayed"] = "true" },
                };
            }

            var (answer, after) = entries.Apply(call);
            var reply = DataProtocol.ReplyOf(call, answer);
            if (call.IsRead)
            {
                return bug == Bug.ReadsFromACopyThatLags ? DataProtocol.ReplyOf(call, copy.Apply(call).Answer) : reply;
            }

            var isSuccess = reply.Status is 200 or 201;
            if (isSuccess && bug == Bug.StopsInTheMiddleOfABatch && call.IsBatch && Sometimes)
            {
                Change(entries.Apply(Call.Of(first)).After);
                return null;
            }

            if (isSuccess && !(bug == Bug.LosesAnAcknowledgedWrite && first.Kind == Kind.Create && Sometimes))
            {
                Write(call, after);
            }

            if (isSuccess && bug == Bug.RemembersASuccessApartFromTheWrite && Sometimes)
            {
                return null;
            }

            if (isSuccess && idempotencyKey is not null)
            {
                done[idempotencyKey] = reply;
            }

            return bug switch
            {
                Bug.SometimesTriesADeleteTwice
                    when isSuccess && !call.IsBatch && first.Kind == Kind.Delete && Sometimes => DataProtocol.ReplyOf(
                    call,
                    "KEY_NOT_FOUND"
                ),
                Bug.SaysNothingWasDoneAfterItWasDone when isSuccess && Sometimes => reply with { Status = 503 },
                _ => reply,
            };
        }
    }

    private void Write(Call call, Entries after)
    {
        if (bug == Bug.AnswersBeforeItWrites && !call.IsBatch && call.Steps[0].Kind == Kind.Update)
        {
            var (key, value) = (call.Steps[0].Key, call.Steps[0].Value);
            _ = Task.Delay(20)
                .ContinueWith(
                    _ =>
                    {
                        lock (gate)
                            Change(entries.With(key, value));
                    },
                    TaskScheduler.Default
                );
            return;
        }

        foreach (var key in after.Keys.Except(entries.Keys))
        {
            if (bug == Bug.WritesTheIndexApartFromTheValue && Sometimes)
            {
                unlisted.Add(key);
            }
            else
            {
                unlisted.Remove(key);
            }
        }

        Change(after);
    }

    private void Change(Entries after)
    {
        entries = after;
        foreach (var key in after.Keys)
        {
            valueOfVersion[Entries.VersionOf(after[key]!)] = after[key]!;
        }

        _ = Task.Delay(20).ContinueWith(_ => Volatile.Write(ref copy, after), TaskScheduler.Default);
    }

    private WireReply List()
    {
        lock (gate)
        {
            var items = new JsonArray([
                .. entries.Keys.Except(unlisted).Select(key => new JsonObject { ["key"] = key }),
            ]);
            var body = new JsonObject
            {
                ["data"] = new JsonObject { ["items"] = items, ["next_cursor"] = null },
            };
            return new WireReply(200, new Dictionary<string, string>(), body.ToJsonString());
        }
    }

    // Of a header's name nothing, of a version the value that has it, if there ever was one.
    private string? ValueOf(string version)
    {
        var digits = version.Trim('"');
        return digits == "*" ? "*"
            : digits.Length != 32 ? null
            : valueOfVersion.GetValueOrDefault(digits, "a value that never was");
    }

    private static Task WriteAsync(HttpContext context, WireReply reply)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(reply.Body);
        context.Response.StatusCode = reply.Status;
        context.Response.ContentLength = bytes.Length;
        foreach (var (name, value) in reply.Headers)
        {
            context.Response.Headers[name] = value;
        }

        return context.Response.Body.WriteAsync(bytes).AsTask();
    }
}
