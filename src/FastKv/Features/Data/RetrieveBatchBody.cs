using System.Text.Json;
using FastKv.Api;

namespace FastKv.Features.Data;

/// <summary>The member <c>keys</c> of a body.</summary>
internal sealed class RetrieveBatchBody : IJsonTokenSink
{
    /// <summary>Bytes: the longest keys with every character escaped, and a little more.</summary>
    public const int MaximumBodyLength = RetrieveBatchRequest.MaximumKeys * (6 * DataKey.MaximumLength + 16) + 4096;

    private readonly List<JsonMember> keys = [];
    private bool isObject;
    private bool isKeys;
    private bool isList;

    int IJsonTokenSink.MaximumTextLength => isKeys ? DataKey.MaximumLength : 0;

    public static async ValueTask<RetrieveBatchBody> ReadAsync(HttpContext context, CancellationToken cancellation)
    {
        var body = new RetrieveBatchBody();
        await RequestBody.ReadAsync(context, body, MaximumBodyLength, MaximumBodyLength, cancellation);
        return body.isObject ? body : throw RequestBody.NotAnObject();
    }

    /// <summary>The keys; what is none is a problem.</summary>
    public DataKey[] KeysOrProblems(ref RequestProblems problems)
    {
        if (!isList || keys.Count is < 1 or > RetrieveBatchRequest.MaximumKeys)
        {
            problems.Add(ApiError.InvalidRequest, "keys", "must be a list of 1 to 100 keys");
            return [];
        }

        var read = new DataKey[keys.Count];
        for (var i = 0; i < read.Length; i++)
        {
            if (!DataKey.TryCreate(keys[i].String.GetValueOrDefault().Span, out read[i]))
            {
                problems.Add(ApiError.InvalidKey, $"keys[{i}]", DataKey.Form);
            }
        }

        return read;
    }

    void IJsonTokenSink.AcceptName(int depth, ReadOnlySpan<byte> name)
    {
        if (depth == 1)
        {
            isKeys = name.SequenceEqual("keys"u8);
        }
    }

    void IJsonTokenSink.AcceptValue(JsonTokenType token, int depth, ReadOnlyMemory<byte>? text)
    {
        isObject |= depth == 0 && token is JsonTokenType.StartObject;
        if (!isKeys)
        {
            return;
        }

        switch (depth)
        {
            case 1 when token is not JsonTokenType.EndArray:
                // Of a member that is there twice the last counts.
                isList = token is JsonTokenType.StartArray;
                keys.Clear();
                break;
            case 2
                when isList
                    && token is not (JsonTokenType.EndArray or JsonTokenType.EndObject)
                    && keys.Count <= RetrieveBatchRequest.MaximumKeys:
                keys.Add(new JsonMember(token, text));
                break;
        }
    }
}
