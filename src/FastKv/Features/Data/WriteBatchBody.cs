using System.Text;
using System.Text.Json;
using FastKv.Api;

namespace FastKv.Features.Data;

/// <summary>The member <c>operations</c> of a body.</summary>
internal sealed class WriteBatchBody : IJsonTokenSink
{
    /// <summary>Bytes.</summary>
    public const int MaximumBodyLength = 7 * 1024 * 1024;

    private readonly List<EntryMembers?> operations = [];
    private bool isObject;
    private bool isOperations;
    private bool isList;
    private EntryMembers? current;

    int IJsonTokenSink.MaximumTextLength => current?.MaximumTextLength ?? 0;

    public static async ValueTask<WriteBatchBody> ReadAsync(HttpContext context, CancellationToken cancellation)
    {
        var body = new WriteBatchBody();
        await RequestBody.ReadAsync(context, body, MaximumBodyLength, MaximumBodyLength, cancellation);
        return body.isObject ? body : throw RequestBody.NotAnObject();
    }

    /// <summary>The operations; what is none is a problem.</summary>
    public DataWrite[] WritesOrProblems(ref RequestProblems problems)
    {
        if (!isList || operations.Count is < 1 or > WriteBatchRequest.MaximumOperations)
        {
            problems.Add(ApiError.InvalidRequest, "operations", "must be a list of 1 to 100 operations");
            return [];
        }

        var writes = new DataWrite[operations.Count];
        var keys = new HashSet<string>();
        for (var i = 0; i < writes.Length; i++)
        {
            if (operations[i] is not { } members)
            {
                problems.Add(ApiError.InvalidRequest, $"operations[{i}]", "must be an object");
                continue;
            }

            writes[i] = WriteOrProblem(members, $"operations[{i}]", ref problems);
            if (members.Key.String is { } key && !keys.Add(Convert.ToBase64String(key.Span)))
            {
                problems.Add(ApiError.InvalidRequest, $"operations[{i}].key", "must not be that of another operation");
            }
        }

        return writes;
    }

    private static DataWrite WriteOrProblem(EntryMembers members, string field, ref RequestProblems problems)
    {
        var key = members.KeyOrProblem($"{field}.key", ref problems);
        switch (Encoding.UTF8.GetString(members.Op.String.GetValueOrDefault().Span))
        {
            case "store":
                return DataWrite.Store(key, Value(ref problems), Expiry(ref problems));
            case "update":
                return DataWrite.Update(
                    key,
                    Value(ref problems),
                    Expiry(ref problems),
                    Preconditions(ref problems),
                    isUpsert: false
                );
            case "upsert":
                return DataWrite.Update(
                    key,
                    Value(ref problems),
                    Expiry(ref problems),
                    Preconditions(ref problems),
                    isUpsert: true
                );
            case "delete":
                return DataWrite.Delete(key, Preconditions(ref problems));
            default:
                problems.Add(ApiError.InvalidRequest, $"{field}.op", "must be store, update, upsert or delete");
                return default;
        }

        ReadOnlyMemory<byte> Value(ref RequestProblems problems) =>
            members.ValueOrProblem($"{field}.value", ref problems);

        Expiry Expiry(ref RequestProblems problems) =>
            Data.Expiry.Of(members.ExpiresIn, $"{field}.expires_in", ref problems);

        Preconditions Preconditions(ref RequestProblems problems)
        {
            if (members.IfMatch.IsAbsent)
            {
                return default;
            }

            if (!EntityTagList.TryParseMember(members.IfMatch.String.GetValueOrDefault().Span, out var match))
            {
                problems.Add(
                    ApiError.InvalidParameter,
                    $"{field}.if_match",
                    "must be 32 hex digits without quotes, or *"
                );
            }

            return new Preconditions(match, null);
        }
    }

    void IJsonTokenSink.AcceptName(int depth, ReadOnlySpan<byte> name)
    {
        if (depth == 1)
        {
            isOperations = name.SequenceEqual("operations"u8);
        }
        else
        {
            current?.AcceptName(depth == 3 ? name : default);
        }
    }

    void IJsonTokenSink.AcceptValue(JsonTokenType token, int depth, ReadOnlyMemory<byte>? text)
    {
        isObject |= depth == 0 && token is JsonTokenType.StartObject;
        if (!isOperations)
        {
            return;
        }

        switch (depth)
        {
            case 1 when token is not JsonTokenType.EndArray:
                // Of a member that is there twice the last counts.
                isList = token is JsonTokenType.StartArray;
                operations.Clear();
                current = null;
                break;
            case 2 when isList && token is not (JsonTokenType.EndArray or JsonTokenType.EndObject):
                // One too many tells that there are too many.
                current =
                    token is JsonTokenType.StartObject && operations.Count < WriteBatchRequest.MaximumOperations
                        ? new EntryMembers()
                        : null;
                if (operations.Count <= WriteBatchRequest.MaximumOperations)
                {
                    operations.Add(current);
                }

                break;
            case 2:
                current = null;
                break;
            case > 2:
                current?.AcceptValue(token, text);
                break;
        }
    }
}
