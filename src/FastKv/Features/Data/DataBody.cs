using System.Buffers;
using System.Text.Json;
using FastKv.Api;

namespace FastKv.Features.Data;

/// <summary>Reads the members <c>key</c> and <c>value</c> of a body, unescaped, as bytes; others are skipped.</summary>
internal readonly struct DataBody
{
    /// <summary>Bytes of UTF-8.</summary>
    public const int MaximumValueLength = 1024 * 1024;

    /// <summary>Bytes: the longest key and value with every character escaped as <c>\u0041</c>, and a little more.</summary>
    public const int MaximumBodyLength = 6 * (MaximumValueLength + DataKey.MaximumLength) + 4096;

    private DataBody(byte[]? key, byte[]? value)
    {
        Key = key;
        Value = value;
    }

    /// <summary>The member <c>key</c>; null if it is absent or no string.</summary>
    public byte[]? Key { get; }

    /// <summary>The member <c>value</c>; null if it is absent or no string of 1 byte to 1 MiB.</summary>
    public byte[]? Value { get; }

    /// <exception cref="RequestRefusedException">The body can't be read as a JSON object.</exception>
    public static async ValueTask<DataBody> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        var body = await RequestBody.ReadAsync(request, MaximumBodyLength, cancellation);
        try
        {
            return RequestBody.IsUtf8(body) ? Parse(body) : throw RequestBody.NotAnObject();
        }
        catch (JsonException)
        {
            throw RequestBody.NotAnObject();
        }
        finally
        {
            RequestBody.Release(request, body);
        }
    }

    private static DataBody Parse(in ReadOnlySequence<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw RequestBody.NotAnObject();
        }

        byte[]? key = null;
        byte[]? value = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isKey = IsNamed(ref reader, "key"u8);
            var isValue = !isKey && IsNamed(ref reader, "value"u8);
            reader.Read();
            if (isKey)
            {
                key = Text(ref reader, DataKey.MaximumLength);
            }
            else if (isValue)
            {
                value = Text(ref reader, MaximumValueLength);
            }
            else
            {
                reader.Skip();
            }
        }

        // Throws if anything but white space follows.
        reader.Read();
        return new DataBody(key, value);
    }

    private static bool IsNamed(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            // The name has a lone surrogate: it is no text, and so none that is known.
            return false;
        }
    }

    /// <summary>The bytes of a string, or null if it is no string, empty, too long, or has a lone surrogate.</summary>
    private static byte[]? Text(ref Utf8JsonReader reader, int maximumLength)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }

        var length = reader.HasValueSequence ? (int)reader.ValueSequence.Length : reader.ValueSpan.Length;
        if (length == 0 || (length > maximumLength && !reader.ValueIsEscaped))
        {
            return null;
        }

        if (!reader.ValueIsEscaped)
        {
            var exact = new byte[length];
            reader.CopyString(exact);
            return exact;
        }

        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            length = reader.CopyString(rented);
            return length is 0 || length > maximumLength ? null : rented.AsSpan(0, length).ToArray();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
