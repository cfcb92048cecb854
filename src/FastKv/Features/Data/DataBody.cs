using System.Text.Json;
using FastKv.Api;

namespace FastKv.Features.Data;

/// <summary>The body of an operation on one entry.</summary>
internal sealed class DataBody : IJsonTokenSink
{
    /// <summary>Bytes: the longest key and value with every character escaped as <c>\u0041</c>, and a little more.</summary>
    public const int MaximumBodyLength = 6 * (EntryMembers.MaximumValueLength + DataKey.MaximumLength) + 4096;

    private readonly EntryMembers members = new();
    private bool isObject;

    int IJsonTokenSink.MaximumTextLength => members.MaximumTextLength;

    /// <exception cref="RequestRefusedException">The body can't be read as a JSON object.</exception>
    public static async ValueTask<EntryMembers> ReadAsync(
        HttpContext context,
        CancellationToken cancellation,
        int maximumLength = MaximumBodyLength
    )
    {
        var body = new DataBody();
        await RequestBody.ReadAsync(
            context,
            body,
            maximumLength,
            Math.Min(maximumLength, EntryMembers.MaximumValueLength),
            cancellation
        );
        return body.isObject ? body.members : throw RequestBody.NotAnObject();
    }

    void IJsonTokenSink.AcceptName(int depth, ReadOnlySpan<byte> name) =>
        members.AcceptName(depth == 1 ? name : default);

    void IJsonTokenSink.AcceptValue(JsonTokenType token, int depth, ReadOnlyMemory<byte>? text)
    {
        isObject |= depth == 0 && token is JsonTokenType.StartObject;
        members.AcceptValue(token, text);
    }
}
