using System.Buffers;

namespace FastKv.Api;

/// <summary>Looks for a byte order mark (U+FEFF in UTF-8) in the first bytes of a body, which may come one by one.</summary>
internal struct ByteOrderMark
{
    private static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    private long seen;
    private int matched;

    public readonly bool IsThere => matched == Mark.Length;

    /// <param name="bytes">A part of the body.</param>
    /// <param name="offset">Bytes of the body before it; some of it may have been seen.</param>
    public void Look(in ReadOnlySequence<byte> bytes, long offset)
    {
        while (seen < Mark.Length && seen - offset < bytes.Length)
        {
            matched += bytes.Slice(seen - offset).FirstSpan[0] == Mark[(int)seen] ? 1 : 0;
            seen++;
        }
    }
}
