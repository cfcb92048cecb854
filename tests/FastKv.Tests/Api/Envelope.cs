using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Api;

/// <summary>What every answer must look like on the wire.</summary>
internal static partial class Envelope
{
    public const string ContentType = "application/json; charset=utf-8";

    /// <summary>The codes of the API document, each with its sentence word for word, and the status that belongs to it.</summary>
    public static readonly IReadOnlyDictionary<string, (HttpStatusCode Status, string Sentence)> Documented =
        new Dictionary<string, (HttpStatusCode, string)>
        {
            ["INVALID_REQUEST"] = (HttpStatusCode.BadRequest, "Invalid request. Please provide all required fields."),
            ["USERNAME_EXISTS"] = (HttpStatusCode.Conflict, "The provided username is already taken."),
            ["EMAIL_EXISTS"] = (HttpStatusCode.Conflict, "The provided email is already registered."),
            ["INVALID_PASSWORD"] = (HttpStatusCode.BadRequest, "The provided password does not meet the requirements."),
            ["INVALID_AGE"] = (HttpStatusCode.BadRequest, "Invalid age value."),
            ["GENDER_REQUIRED"] = (HttpStatusCode.BadRequest, "Gender field is required."),
            ["INVALID_CREDENTIALS"] = (
                HttpStatusCode.Unauthorized,
                "Invalid credentials. The provided username or password is incorrect."
            ),
            ["MISSING_FIELDS"] = (
                HttpStatusCode.BadRequest,
                "Missing fields. Please provide both username and password."
            ),
            ["INTERNAL_ERROR"] = (HttpStatusCode.InternalServerError, "Internal server error occurred."),
            ["INVALID_KEY"] = (HttpStatusCode.BadRequest, "The provided key is not valid or missing."),
            ["INVALID_VALUE"] = (HttpStatusCode.BadRequest, "The provided value is not valid or missing."),
            ["KEY_EXISTS"] = (
                HttpStatusCode.Conflict,
                "The provided key already exists in the database. To update an existing key, use the update API."
            ),
            ["INVALID_TOKEN"] = (HttpStatusCode.Unauthorized, "Invalid access token provided."),
            ["KEY_NOT_FOUND"] = (HttpStatusCode.NotFound, "The provided key does not exist in the database."),
        };

    /// <summary>The codes that the document does not list, with their statuses.</summary>
    public static readonly IReadOnlyDictionary<string, HttpStatusCode> Undocumented = new Dictionary<
        string,
        HttpStatusCode
    >
    {
        ["INVALID_EXPIRY"] = HttpStatusCode.BadRequest,
        ["INVALID_PARAMETER"] = HttpStatusCode.BadRequest,
        ["PRECONDITION_FAILED"] = HttpStatusCode.PreconditionFailed,
        ["VALUE_NOT_INTEGER"] = HttpStatusCode.Conflict,
        ["BATCH_REJECTED"] = HttpStatusCode.Conflict,
        ["QUOTA_EXCEEDED"] = HttpStatusCode.Forbidden,
        ["IDEMPOTENCY_KEY_REUSED"] = HttpStatusCode.UnprocessableEntity,
        ["NOT_FOUND"] = HttpStatusCode.NotFound,
        ["METHOD_NOT_ALLOWED"] = HttpStatusCode.MethodNotAllowed,
        ["PAYLOAD_TOO_LARGE"] = HttpStatusCode.RequestEntityTooLarge,
        ["UNSUPPORTED_MEDIA_TYPE"] = HttpStatusCode.UnsupportedMediaType,
        ["TOO_MANY_REQUESTS"] = HttpStatusCode.TooManyRequests,
        ["STORE_UNAVAILABLE"] = HttpStatusCode.ServiceUnavailable,
        ["OUTCOME_UNKNOWN"] = HttpStatusCode.GatewayTimeout,
    };

    /// <summary>
    /// Fails unless this is exactly the error answer of a code: status, headers, members and their order, sentence. Where fields
    /// are given, the details name exactly these, in this order.
    /// </summary>
    public static Reply ExpectError(this Reply reply, string code, params string[] fields)
    {
        reply.ExpectError(StatusOf(code), code);
        if (fields.Length > 0)
        {
            Assert.Equal(fields, reply.DetailFields());
        }

        return reply;
    }

    /// <summary>As above, for a rejection whose status is not that of its code.</summary>
    public static Reply ExpectError(this Reply reply, HttpStatusCode status, string code)
    {
        Assert.True(reply.Status == status, $"Expected {code}, got {(int)reply.Status}: {reply.Text}");
        reply.ExpectWholeJson();
        var json = reply.Json.AsObject();
        Assert.True(json["code"]!.GetValue<string>() == code, $"Expected {code}: {reply.Text}");
        Assert.Equal("error", json["status"]!.GetValue<string>());
        Assert.False(string.IsNullOrWhiteSpace(json["message"]!.GetValue<string>()));
        if (Documented.TryGetValue(code, out var documented))
        {
            Assert.Equal(documented.Sentence, json["message"]!.GetValue<string>());
        }

        string[] members = ["status", "code", "message"];
        if ((int)status >= 500)
        {
            Assert.Matches(TraceId(), json["trace_id"]!.GetValue<string>());
            members = [.. members, "trace_id"];
        }

        if (json.ContainsKey("details"))
        {
            Assert.True(status == HttpStatusCode.BadRequest || code == "BATCH_REJECTED", reply.Text);
            Assert.All(json["details"]!.AsArray(), detail => ExpectDetail(detail!.AsObject()));
            members = [.. members, "details"];
        }

        Assert.Equal(members, json.Select(member => member.Key));
        Assert.Equal(
            status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable,
            IsRetryAfter(reply)
        );
        Assert.Equal(code == "INVALID_TOKEN", reply.Headers.ContainsKey("WWW-Authenticate"));
        return reply;
    }

    /// <summary>Fails unless this is exactly this success, byte for byte.</summary>
    public static Reply ExpectSuccess(this Reply reply, HttpStatusCode status, string json)
    {
        reply.Expect(status).ExpectWholeJson();
        Assert.Equal(json, reply.Text);
        return reply;
    }

    /// <summary>JSON in UTF-8 without a BOM, declared as such, with its length.</summary>
    public static Reply ExpectWholeJson(this Reply reply)
    {
        Assert.Equal(ContentType, reply.Headers["Content-Type"]);
        Assert.Equal($"{reply.Body.Length}", reply.Headers["Content-Length"]);
        Assert.False(reply.Headers.ContainsKey("Transfer-Encoding"));
        Assert.Equal((byte)'{', reply.Body[0]);
        return reply;
    }

    /// <summary>The fields that the details name.</summary>
    public static IEnumerable<string> DetailFields(this Reply reply) =>
        reply.Json["details"]!.AsArray().Select(detail => detail!["field"]!.GetValue<string>());

    private static HttpStatusCode StatusOf(string code) =>
        Documented.TryGetValue(code, out var documented) ? documented.Status : Undocumented[code];

    private static bool IsRetryAfter(Reply reply) =>
        reply.Headers.TryGetValue("Retry-After", out var seconds) && int.Parse(seconds, null) >= 1;

    private static void ExpectDetail(JsonObject detail)
    {
        Assert.Equal(["field", "reason"], detail.Select(member => member.Key));
        Assert.Matches(FieldName(), detail["field"]!.GetValue<string>());
        Assert.False(string.IsNullOrWhiteSpace(detail["reason"]!.GetValue<string>()));
    }

    // A member, one of an operation in a list, or a header.
    [GeneratedRegex(@"^([a-z_]+(\[\d+\])?(\.[a-z_]+)?|If-Match|If-None-Match|Idempotency-Key)$")]
    private static partial Regex FieldName();

    [GeneratedRegex("^[0-9a-f]{32}$")]
    private static partial Regex TraceId();
}
