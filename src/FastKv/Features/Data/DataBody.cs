using System.Text.Json;
using FastKv.Api;

namespace FastKv.Features.Data;

/// <summary>The members <c>key</c> and <c>value</c> of a body, unescaped, as bytes; others are skipped.</summary>
internal sealed class DataBody : IJsonTokenSink
{
    /// <summary>Bytes of UTF-8.</summary>
    public const int MaximumValueLength = 1024 * 1024;

    /// <summary>Bytes: the longest key and value with every character escaped as <c>\u0041</c>, and a little more.</summary>
    public const int MaximumBodyLength = 6 * (MaximumValueLength + DataKey.MaximumLength) + 4096;

    private bool isObject;
    private Member next;

    private enum Member
    {
        Other,
        Key,
        Value,
    }

    /// <summary>The member <c>key</c>; null if it is absent, no string or too long.</summary>
    public ReadOnlyMemory<byte>? Key { get; private set; }

    /// <summary>The member <c>value</c>; null if it is absent or no string of 1 byte to 1 MiB.</summary>
    public ReadOnlyMemory<byte>? Value { get; private set; }

    int IJsonTokenSink.MaximumTextLength =>
        next switch
        {
            Member.Key => DataKey.MaximumLength,
            Member.Value => MaximumValueLength,
            _ => 0,
        };

    /// <exception cref="RequestRefusedException">The body can't be read as a JSON object.</exception>
    public static async ValueTask<DataBody> ReadAsync(HttpContext context, CancellationToken cancellation)
    {
        var body = new DataBody();
        await RequestBody.ReadAsync(context, body, MaximumBodyLength, MaximumValueLength, cancellation);
        return body.isObject ? body : throw RequestBody.NotAnObject();
    }

    void IJsonTokenSink.AcceptName(int depth, ReadOnlySpan<byte> name) =>
        next =
            depth != 1 ? Member.Other
            : name.SequenceEqual("key"u8) ? Member.Key
            : name.SequenceEqual("value"u8) ? Member.Value
            : Member.Other;

    void IJsonTokenSink.AcceptValue(JsonTokenType token, int depth, ReadOnlyMemory<byte>? text)
    {
        isObject |= depth == 0 && token is JsonTokenType.StartObject;
        var characters = token is JsonTokenType.String ? text : null;
        switch (next)
        {
            case Member.Key:
                Key = characters;
                break;
            case Member.Value:
                Value = characters is { IsEmpty: true } ? null : characters;
                break;
        }

        next = Member.Other;
    }
}
