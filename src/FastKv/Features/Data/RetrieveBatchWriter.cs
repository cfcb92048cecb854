using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using FastKv.Api;

namespace FastKv.Features.Data;

/// <summary>Writes the answer value by value, so that no more of it is held than the server's buffers take.</summary>
internal readonly struct RetrieveBatchWriter(DataKey[] keys, StoredEntries entries, RequestMemory memory)
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
                await JsonStringEncoder.WriteAsync(writer, memory, value, valueLengths[i], deadline.Token);
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
