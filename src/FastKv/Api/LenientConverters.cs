using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FastKv.Api;

/// <summary>
/// Reads a string; anything else that is not null (a number, an object, a string with a lone surrogate) becomes the empty
/// string. So a wrong type is refused by the rule of its field, with the field's own code, and not as unreadable JSON.
/// </summary>
internal sealed class LenientStringConverter : JsonConverter<string?>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return "";
        }

        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }

    public override void Write(Utf8JsonWriter writer, string? value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value);
}

/// <summary>
/// Reads a whole number as it is written (<c>30.0</c> is one: JSON Schema 2020-12, 6.1.1); anything else that is not null becomes 0, which
/// the rule of the field refuses.
/// </summary>
internal sealed class LenientWholeNumberConverter : JsonConverter<int?>
{
    public override int? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number)
        {
            byte[] text = reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan.ToArray();
            return
                new JsonMember(JsonTokenType.Number, text).TryGetWholeNumber(out var number)
                && number is >= int.MinValue and <= int.MaxValue
                ? (int)number
                : 0;
        }

        reader.Skip();
        return 0;
    }

    public override void Write(Utf8JsonWriter writer, int? value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(value ?? 0);
}
