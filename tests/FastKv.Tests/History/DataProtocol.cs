using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;

namespace FastKv.Tests.History;

/// <summary>A call as HTTP, and back: the clients use one direction, and the server with planted bugs the other.</summary>
internal static class DataProtocol
{
    public static WireRequest RequestOf(Call call)
    {
        if (call.IsBatch)
        {
            return call.IsRead
                ? new("POST", "/api/batch/retrieve", new JsonObject { ["keys"] = ArrayOf(call.Steps, s => s.Key) })
                : new("POST", "/api/batch/write", new JsonObject { ["operations"] = ArrayOf(call.Steps, MembersOf) });
        }

        var step = call.Steps[0];
        var path = ApiClient.PathOf(step.Key);
        var condition = step.IfMatch is null or "*" ? step.IfMatch : $"\"{Entries.VersionOf(step.IfMatch)}\"";
        return step.Kind switch
        {
            Kind.Create => new("POST", "/api/data", new JsonObject { ["key"] = step.Key, ["value"] = step.Value }),
            Kind.Update => new("PUT", path, new JsonObject { ["value"] = step.Value }, condition),
            Kind.Upsert => new("PUT", $"{path}?upsert=true", new JsonObject { ["value"] = step.Value }, condition),
            Kind.Delete => new("DELETE", path, null, condition),
            Kind.Read => new("GET", path, null),
            _ => new("PATCH", path, Increment(step), condition),
        };
    }

    /// <summary>The answer as <see cref="Entries.Apply"/> writes it, with what the wire says that it should not.</summary>
    public static string AnswerOf(Call call, WireReply reply)
    {
        var body = JsonNode.Parse(reply.Body)!;
        if (reply.Status is not (200 or 201))
        {
            return RefusalOf(body, reply);
        }

        if (call.IsBatch)
        {
            return call.IsRead ? "200" + string.Concat(body["data"]!["items"]!.AsArray().Select(Item!)) : "200";
        }

        var step = call.Steps[0];
        var value = step.Kind is Kind.Read or Kind.Increment or Kind.Count ? Text(body["data"]!, "value") : step.Value;
        var version = step.Kind == Kind.Delete ? null : $"\"{Entries.VersionOf(value!)}\"";
        var wrong = reply.Headers.GetValueOrDefault("ETag") == version ? "" : $" with ETag {reply.Headers["ETag"]}";
        return reply.Status + (body["data"] is null ? "" : $" {value}") + wrong;
    }

    public static Call CallOf(string method, string path, bool isUpsert, JsonNode? body, Func<string, string?> valueOf)
    {
        if (path == "/api/batch/retrieve")
        {
            return new(true, [.. body!["keys"]!.AsArray().Select(key => new Step(Kind.Read, key!.GetValue<string>()))]);
        }

        if (path == "/api/batch/write")
        {
            return new(true, [.. body!["operations"]!.AsArray().Select(each => StepOf(each!, valueOf))]);
        }

        var key = path == "/api/data" ? Text(body!, "key") : WebUtility.UrlDecode(path["/api/data/".Length..]);
        return Call.Of(
            method switch
            {
                "POST" => new Step(Kind.Create, key, Text(body!, "value")),
                "PUT" => new Step(isUpsert ? Kind.Upsert : Kind.Update, key, Text(body!, "value"), valueOf("If-Match")),
                "DELETE" => new Step(Kind.Delete, key, IfMatch: valueOf("If-Match")),
                "GET" => new Step(Kind.Read, key),
                _ => new Step(
                    body!["create"]!.GetValue<bool>() ? Kind.Count : Kind.Increment,
                    key,
                    body["increment"]!.ToJsonString(),
                    valueOf("If-Match")
                ),
            }
        );
    }

    public static WireReply ReplyOf(Call call, string answer)
    {
        var words = answer.Split(' ');
        if (!int.TryParse(words[0], CultureInfo.InvariantCulture, out var status))
        {
            return Refusal(words);
        }

        var body = new JsonObject { ["status"] = "success" };
        if (call.IsBatch)
        {
            if (call.IsRead)
            {
                body["data"] = new JsonObject { ["items"] = ArrayOf(words[1..], word => Item(word.Split('='))) };
            }

            return new WireReply(status, new Dictionary<string, string>(), body.ToJsonString());
        }

        if (words.Length > 1)
        {
            body["data"] = new JsonObject { ["value"] = words[1] };
        }

        var headers = new Dictionary<string, string>();
        if (call.Steps[0].Kind != Kind.Delete)
        {
            headers["ETag"] = $"\"{Entries.VersionOf(words.Length > 1 ? words[1] : call.Steps[0].Value!)}\"";
        }

        return new WireReply(status, headers, body.ToJsonString());
    }

    private static JsonObject Increment(Step step) =>
        new()
        {
            ["increment"] = long.Parse(step.Value!, CultureInfo.InvariantCulture),
            ["create"] = step.Kind == Kind.Count,
        };

    private static JsonObject MembersOf(Step step)
    {
        var members = new JsonObject
        {
            ["op"] = step.Kind == Kind.Create ? "store" : step.Kind.ToString().ToLowerInvariant(),
            ["key"] = step.Key,
        };
        if (step.Kind != Kind.Delete)
        {
            members["value"] = step.Value;
        }

        if (step.IfMatch is not null)
        {
            members["if_match"] = step.IfMatch == "*" ? "*" : Entries.VersionOf(step.IfMatch);
        }

        return members;
    }

    private static Step StepOf(JsonNode members, Func<string, string?> valueOf)
    {
        var op = Text(members, "op");
        return new Step(
            op == "store" ? Kind.Create : Enum.Parse<Kind>(op, ignoreCase: true),
            Text(members, "key"),
            members["value"]?.GetValue<string>(),
            members["if_match"]?.GetValue<string>() is { } version ? valueOf(version) : null
        );
    }

    private static string RefusalOf(JsonNode body, WireReply reply)
    {
        var code = Text(body, "code");
        return code switch
        {
            "BATCH_REJECTED" => code
                + string.Concat(
                    body["details"]!
                        .AsArray()
                        .Select(each => $" {Text(each!, "field")["operations[".Length..^1]}:{Text(each!, "reason")}")
                ),
            "PRECONDITION_FAILED" when reply.Headers.TryGetValue("ETag", out var tag) => $"{code} {tag.Trim('"')}",
            _ => code,
        };
    }

    private static WireReply Refusal(string[] words)
    {
        var body = new JsonObject { ["status"] = "error", ["code"] = words[0] };
        var headers = new Dictionary<string, string>();
        if (words[0] == "BATCH_REJECTED")
        {
            body["details"] = ArrayOf(
                words[1..].Select(word => word.Split(':')),
                pair => new JsonObject { ["field"] = $"operations[{pair[0]}]", ["reason"] = pair[1] }
            );
        }
        else if (words.Length > 1)
        {
            headers["ETag"] = $"\"{words[1]}\"";
        }

        var status = words[0] switch
        {
            "KEY_NOT_FOUND" => 404,
            "PRECONDITION_FAILED" => 412,
            _ => 409,
        };
        return new WireReply(status, headers, body.ToJsonString());
    }

    private static string Item(JsonNode item)
    {
        var value = Text(item, "value");
        var version = Text(item, "etag");
        return $" {Text(item, "key")}={value}" + (version == Entries.VersionOf(value) ? "" : $" with etag {version}");
    }

    private static JsonObject Item(string[] pair) =>
        new()
        {
            ["key"] = pair[0],
            ["value"] = pair[1],
            ["etag"] = Entries.VersionOf(pair[1]),
        };

    private static JsonArray ArrayOf<T>(IEnumerable<T> from, Func<T, JsonNode?> item) => [.. from.Select(item)];

    private static string Text(JsonNode node, string member) => node[member]!.GetValue<string>();
}

/// <summary>A request, but for who sends it and where.</summary>
internal sealed record WireRequest(string Method, string Path, JsonObject? Body, string? IfMatch = null);
