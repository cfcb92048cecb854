using System.Buffers;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;

namespace FastKv.Features.Data;

/// <summary>Keys to read together.</summary>
internal sealed class RetrieveBatchRequest
{
    public const int MaximumKeys = 100;

    /// <summary>In the order of the answer.</summary>
    [MinLength(1), MaxLength(MaximumKeys)]
    public required IReadOnlyList<DataKey> Keys { get; init; }
}

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

internal sealed class RetrieveBatchBinder : IRequestBinder<RetrieveBatchRequest>
{
    public async ValueTask<RetrieveBatchRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var body = await RetrieveBatchBody.ReadAsync(context.HttpContext, cancellation);
        var problems = new RequestProblems();
        var keys = body.KeysOrProblems(ref problems);
        problems.ThrowIfAny();
        return new RetrieveBatchRequest { Keys = keys };
    }
}

/// <summary>Reads several keys at one instant: 200, whether they exist or not.</summary>
internal sealed class RetrieveBatch(DataStore data) : Endpoint<RetrieveBatchRequest>
{
    public override void Configure()
    {
        Post("/api/batch/retrieve");
        DontAutoSendResponse();
        RequestBinder(new RetrieveBatchBinder());
        Summary(summary =>
        {
            summary.Summary = "Retrieve the values of several keys";
            summary.Description =
                "All at one instant of the store, in the order asked. If the values exceed 8 MiB together, the rest of the keys are "
                + "in `unread`: ask again for them.";
        });
        Description(route =>
            route.WithTags(OpenApiTags.Data).Produces<RetrieveBatchResponse>(200).ProducesErrors(ApiError.InvalidKey)
        );
    }

    public override async Task HandleAsync(RetrieveBatchRequest request, CancellationToken cancellation)
    {
        var keys = (DataKey[])request.Keys;
        using var entries = await data.RetrieveAsync(HttpContext.Caller().UserId, keys);
        await new RetrieveBatchWriter(keys, entries).WriteAsync(HttpContext);
    }
}

/// <summary>Writes the answer value by value, so that no more of it is held than the server's buffers take.</summary>
internal readonly struct RetrieveBatchWriter(DataKey[] keys, StoredEntries entries)
{
    // Bytes of an answer that is written at once.
    private const int SmallLength = 64 * 1024;

    public async Task WriteAsync(HttpContext context)
    {
        // What stands around the values is small, so it is made first: its length and theirs are that of the answer.
        var parts = new List<byte[]>(keys.Length + 1);
        var valueLengths = new int[keys.Length];
        var length = MakeParts(parts, valueLengths);
        var writer = ApiResponse.Start(context, 200, length).BodyWriter;
        if (length <= SmallLength)
        {
            WriteAtOnce(writer, parts, length);
            return;
        }

        using var deadline = RequestMemory.NewDeadline(context.RequestAborted);
        var part = 0;
        for (var i = 0; i < keys.Length; i++)
        {
            if (entries.ValueAt(i) is { } value)
            {
                writer.Write(parts[part++]);
                await JsonStringEncoder.WriteAsync(writer, value, valueLengths[i], deadline.Token);
            }
        }

        writer.Write(parts[part]);
        await writer.FlushAsync(deadline.Token);
    }

    // For each span that is asked of the server it takes a lock twice: of a hundred small values that would be most of the work.
    private void WriteAtOnce(PipeWriter writer, List<byte[]> parts, int length)
    {
        var json = ArrayPool<byte>.Shared.Rent(length);
        var (part, end) = (0, 0);
        for (var i = 0; i < keys.Length; i++)
        {
            if (entries.ValueAt(i) is { } value)
            {
                Append(parts[part++]);
                end += JsonStringEncoder.Write(json.AsSpan(end), value.Span);
            }
        }

        Append(parts[part]);
        writer.Write(json.AsSpan(0, end));
        ArrayPool<byte>.Shared.Return(json);

        void Append(byte[] bytes)
        {
            bytes.CopyTo(json, end);
            end += bytes.Length;
        }
    }

    /// <summary>Makes what stands before each value and behind the last, and adds up the length of all.</summary>
    private int MakeParts(List<byte[]> parts, int[] valueLengths)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        var length = 0;
        buffer.Write("{\"status\":\"success\",\"data\":{\"items\":["u8);
        for (var i = 0; i < keys.Length; i++)
        {
            if (entries.ValueAt(i) is { } value)
            {
                buffer.Write(parts.Count == 0 ? "{\"key\":\""u8 : ",{\"key\":\""u8);
                JsonStringEncoder.Write(buffer, keys[i].Utf8, -1);
                buffer.Write("\",\"value\":\""u8);
                length += Cut(parts, buffer) + (valueLengths[i] = JsonStringEncoder.Length(value.Span));
                var left = entries.SecondsLeftAt(i)?.ToString(CultureInfo.InvariantCulture) ?? "null";
                Encoding.ASCII.GetBytes(
                    $"\",\"etag\":\"{EntityTag.Of(value.Span).Digits}\",\"expires_in\":{left}}}",
                    buffer
                );
            }
        }

        buffer.Write("],\"missing\":["u8);
        WriteKeys(buffer, isUnread: false);
        buffer.Write("],\"unread\":["u8);
        WriteKeys(buffer, isUnread: true);
        buffer.Write("]}}"u8);
        return length + Cut(parts, buffer);
    }

    private void WriteKeys(ArrayBufferWriter<byte> buffer, bool isUnread)
    {
        var isFirst = true;
        for (var i = 0; i < keys.Length; i++)
        {
            if (entries.ValueAt(i) is null && entries.IsUnread(i) == isUnread)
            {
                buffer.Write(isFirst ? "\""u8 : ",\""u8);
                JsonStringEncoder.Write(buffer, keys[i].Utf8, -1);
                buffer.Write("\""u8);
                isFirst = false;
            }
        }
    }

    private static int Cut(List<byte[]> parts, ArrayBufferWriter<byte> buffer)
    {
        parts.Add(buffer.WrittenSpan.ToArray());
        buffer.ResetWrittenCount();
        return parts[^1].Length;
    }
}

/// <summary>The answer with values.</summary>
internal sealed class RetrieveBatchResponse
{
    /// <example>success</example>
    [AllowedValues("success")]
    public required string Status { get; init; }

    public required RetrievedBatch Data { get; init; }
}

/// <summary>Which keys have values, and which have none.</summary>
internal sealed class RetrievedBatch
{
    /// <summary>Keys that have a value, in the order asked.</summary>
    public required IReadOnlyList<RetrievedEntry> Items { get; init; }

    /// <summary>Keys that do not exist.</summary>
    public required IReadOnlyList<DataKey> Missing { get; init; }

    /// <summary>Keys for which there was no room: ask again for them.</summary>
    public required IReadOnlyList<DataKey> Unread { get; init; }
}

/// <summary>A key, its value and its version.</summary>
internal sealed class RetrievedEntry
{
    public required DataKey Key { get; init; }

    /// <example>data_value</example>
    public required ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>The version of the value, without quotes.</summary>
    /// <example>07530d8e01dd7333880f14137f599dca</example>
    [RegularExpression("^[0-9a-f]{32}$")]
    public required string Etag { get; init; }

    /// <summary>Whole seconds until it expires, rounded up; null if it does not.</summary>
    /// <example>60</example>
    public required long? ExpiresIn { get; init; }
}
