using System.Buffers;
using System.Text.Json;

namespace FastKv.Api;

/// <summary>Takes the tokens of a JSON document in their order.</summary>
internal interface IJsonTokenSink
{
    /// <summary>Bytes that the next string may have to be of any use: a longer one is read, and dropped.</summary>
    int MaximumTextLength { get; }

    /// <summary>The name of the member that follows; empty if it has a lone surrogate, and so is no text.</summary>
    void AcceptName(int depth, ReadOnlySpan<byte> name);

    /// <param name="token">What it is, or begins, or ends.</param>
    /// <param name="depth">How many objects and arrays are around it.</param>
    /// <param name="text">
    /// Of a string its characters, unescaped, in UTF-8; null if they have a lone surrogate or are too long. Of a number what
    /// stands there. It may be kept.
    /// </param>
    void AcceptValue(JsonTokenType token, int depth, ReadOnlyMemory<byte>? text);
}

/// <summary>
/// Reads a JSON document (RFC 8259) as it arrives. A string is unescaped piece by piece, so that no more of it is held than its
/// characters: in a body every one of them may be written in six bytes. All else is left to <see cref="Utf8JsonReader"/>.
/// </summary>
internal sealed class JsonStreamReader(IJsonTokenSink sink)
{
    /// <summary>Bytes that a token may have that is no string value: a name or a number that is longer is refused.</summary>
    public const int MaximumTokenLength = 16 * 1024;

    private static ReadOnlySpan<byte> EmptyString => "\"\""u8;
    private static ReadOnlySpan<byte> NextEmptyString => ",\"\""u8;

    private JsonReaderState state;
    private Utf8Validator utf8;
    private JsonStringDecoder? text;

    // Whether each of the containers around the next token is an object; the innermost is the lowest bit.
    private ulong objects;
    private int depth;
    private JsonTokenType last;

    // Bytes at the beginning of what is read next that were validated before.
    private long validated;

    /// <summary>Reads what is there.</summary>
    /// <param name="bytes">What has arrived and was not consumed before.</param>
    /// <param name="isLast">Whether it ends the document.</param>
    /// <returns>Up to where it is consumed: the next call gets the rest again, and what has arrived behind it.</returns>
    /// <exception cref="JsonException">It is no JSON in UTF-8.</exception>
    public SequencePosition Read(in ReadOnlySequence<byte> bytes, bool isLast)
    {
        if (!utf8.Append(bytes.Slice(validated)) || (isLast && !utf8.IsComplete))
        {
            throw new JsonException();
        }

        var rest = bytes;
        do
        {
            if (text is not null && !ReadText(ref rest))
            {
                break;
            }

            ReadTokens(ref rest, isLast);
        } while (text is not null);

        if (isLast && (text is not null || !rest.IsEmpty))
        {
            throw new JsonException();
        }

        if (rest.Length > MaximumTokenLength)
        {
            throw new JsonException();
        }

        validated = rest.Length;
        return rest.Start;
    }

    /// <summary>Reads on in a string; false if it does not end here.</summary>
    private bool ReadText(ref ReadOnlySequence<byte> rest)
    {
        if (!text!.Decode(ref rest))
        {
            return false;
        }

        last = JsonTokenType.String;
        sink.AcceptValue(JsonTokenType.String, depth, text.Text);
        text = null;
        return true;
    }

    /// <summary>Reads whole tokens, and begins a string that does not end here.</summary>
    private void ReadTokens(ref ReadOnlySequence<byte> rest, bool isLast)
    {
        var reader = new Utf8JsonReader(rest, isLast, state);
        while (reader.Read())
        {
            Accept(ref reader);
        }

        state = reader.CurrentState;
        rest = rest.Slice(reader.Position);
        if (isLast)
        {
            return;
        }

        rest = SkipWhiteSpace(rest);
        if (BeginsString(rest, out var follows, out var content))
        {
            // To the reader it is an empty string; its content is read here.
            var empty = new Utf8JsonReader(follows ? NextEmptyString : EmptyString, isFinalBlock: false, state);
            empty.Read();
            state = empty.CurrentState;
            rest = content;
            text = new JsonStringDecoder(sink.MaximumTextLength);
        }
    }

    private void Accept(ref Utf8JsonReader reader)
    {
        last = reader.TokenType;
        switch (last)
        {
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                sink.AcceptValue(last, depth, null);
                objects = objects << 1 | (last is JsonTokenType.StartObject ? 1UL : 0);
                depth++;
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                objects >>= 1;
                depth--;
                sink.AcceptValue(last, depth, null);
                break;
            case JsonTokenType.PropertyName:
                sink.AcceptName(
                    depth,
                    reader.HasValueSequence || reader.ValueIsEscaped
                        ? JsonStringDecoder.TextOf(ref reader, MaximumTokenLength).GetValueOrDefault().Span
                        : reader.ValueSpan
                );
                break;
            case JsonTokenType.String:
                sink.AcceptValue(last, depth, JsonStringDecoder.TextOf(ref reader, sink.MaximumTextLength));
                break;
            case JsonTokenType.Number:
                sink.AcceptValue(
                    last,
                    depth,
                    reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan.ToArray()
                );
                break;
            default:
                sink.AcceptValue(last, depth, null);
                break;
        }
    }

    /// <summary>Whether what is left begins a string that is a value, with the comma before it or without.</summary>
    private bool BeginsString(in ReadOnlySequence<byte> rest, out bool follows, out ReadOnlySequence<byte> content)
    {
        content = rest;
        follows = false;
        if (depth > 0 && (objects & 1) == 1 && last is not JsonTokenType.PropertyName)
        {
            return false;
        }

        var reader = new SequenceReader<byte>(rest);
        follows = reader.IsNext((byte)',', advancePast: true);
        reader.AdvancePastAny((byte)' ', (byte)'\t', (byte)'\r', (byte)'\n');
        if (!reader.IsNext((byte)'"', advancePast: true))
        {
            return false;
        }

        content = reader.UnreadSequence;
        return true;
    }

    private static ReadOnlySequence<byte> SkipWhiteSpace(in ReadOnlySequence<byte> rest)
    {
        var reader = new SequenceReader<byte>(rest);
        reader.AdvancePastAny((byte)' ', (byte)'\t', (byte)'\r', (byte)'\n');
        return reader.UnreadSequence;
    }
}
