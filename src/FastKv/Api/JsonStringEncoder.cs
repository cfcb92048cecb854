using System.Buffers;
using System.IO.Pipelines;

namespace FastKv.Api;

/// <summary>Escapes UTF-8 for the inside of a JSON string: what must be escaped (RFC 8259, 7) and nothing else.</summary>
internal static class JsonStringEncoder
{
    /// <summary>
    /// Bytes of text that are written at once; longer text goes piece by piece. A turn costs a walk through the queue of the thread
    /// pool, so that under pressure four times as much in each is three times as many large answers.
    /// </summary>
    public const int PieceLength = 64 * 1024;

    // The same of text that grows to six times its length at most.
    private const int PieceToEscapeLength = 16 * 1024;

    // What the server's buffers have room for, also when every byte of it is escaped.
    private const int EscapedPieceLength = 512;
    private const int MaximumExpansion = 6;

    private static readonly SearchValues<byte> Escaped = SearchValues.Create([
        .. Enumerable.Range(0, 0x20).Select(c => (byte)c),
        (byte)'"',
        (byte)'\\',
    ]);

    /// <summary>How many bytes the text has when it is escaped.</summary>
    public static int Length(ReadOnlySpan<byte> text)
    {
        var length = text.Length;
        for (var at = text.IndexOfAny(Escaped); at >= 0; at = text.IndexOfAny(Escaped))
        {
            length += Short(text[at]) == 0 ? 5 : 1;
            text = text[(at + 1)..];
        }

        return length;
    }

    /// <param name="writer">Where to.</param>
    /// <param name="text">What.</param>
    /// <param name="length">What <see cref="Length"/> said of it: text without escapes is not searched again; -1 if it was not asked.</param>
    public static void Write(IBufferWriter<byte> writer, ReadOnlySpan<byte> text, int length)
    {
        if (length == text.Length)
        {
            writer.Write(text);
            return;
        }

        while (!text.IsEmpty)
        {
            var piece = text[..Math.Min(EscapedPieceLength, text.Length)];
            writer.Advance(Write(writer.GetSpan(MaximumExpansion * piece.Length), piece));
            text = text[piece.Length..];
        }
    }

    /// <summary>Writes text that has room when it is escaped, and returns how many bytes it has then.</summary>
    public static int Write(Span<byte> destination, ReadOnlySpan<byte> text)
    {
        var rest = destination;
        for (var at = text.IndexOfAny(Escaped); at >= 0; at = text.IndexOfAny(Escaped))
        {
            text[..at].CopyTo(rest);
            rest = rest[at..];
            var letter = Short(text[at]);
            if (letter == 0)
            {
                "\\u00"u8.CopyTo(rest);
                rest[4] = HexDigit(text[at] >> 4);
                rest[5] = HexDigit(text[at] & 0xF);
                rest = rest[MaximumExpansion..];
            }
            else
            {
                rest[0] = (byte)'\\';
                rest[1] = letter;
                rest = rest[2..];
            }

            text = text[(at + 1)..];
        }

        text.CopyTo(rest);
        return destination.Length - rest.Length + text.Length;
    }

    /// <summary>Writes and sends text piece by piece, each in its turn, and no faster than it is taken.</summary>
    public static async Task WriteAsync(
        PipeWriter writer,
        RequestMemory memory,
        ReadOnlyMemory<byte> text,
        int length,
        CancellationToken cancellation
    )
    {
        var isPlain = length == text.Length;
        var pieceLength = isPlain ? PieceLength : PieceToEscapeLength;
        while (!text.IsEmpty)
        {
            var piece = text[..Math.Min(pieceLength, text.Length)];
            using (await memory.Turns.TakeAsync(cancellation))
            {
                Write(writer, piece.Span, isPlain ? piece.Length : -1);
            }

            await writer.FlushAsync(cancellation);
            text = text[piece.Length..];
        }
    }

    /// <summary>The letter of a two-character escape, or 0 if there is none.</summary>
    private static byte Short(byte c) =>
        c switch
        {
            (byte)'"' or (byte)'\\' => c,
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            (byte)'\b' => (byte)'b',
            (byte)'\f' => (byte)'f',
            _ => 0,
        };

    private static byte HexDigit(int value) => (byte)"0123456789abcdef"[value];
}
