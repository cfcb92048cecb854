using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace FastKv.Api;

/// <summary>Whether bytes that arrive in pieces are well-formed UTF-8 (RFC 3629); a character may be split between two.</summary>
internal struct Utf8Validator
{
    private const int MaximumBytesOfCharacter = 4;

    // The bytes so far of a character that is not complete, the first of them lowest.
    private uint partial;
    private int partialLength;

    /// <summary>Whether no character is cut in two where the bytes end.</summary>
    public readonly bool IsComplete => partialLength == 0;

    /// <summary>False if the bytes can't be UTF-8, whatever follows.</summary>
    public bool Append(in ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
        {
            if (!Append(segment.Span))
            {
                return false;
            }
        }

        return true;
    }

    private bool Append(ReadOnlySpan<byte> bytes)
    {
        Span<byte> character = stackalloc byte[MaximumBytesOfCharacter];
        while (partialLength > 0 && !bytes.IsEmpty)
        {
            for (var i = 0; i < partialLength; i++)
            {
                character[i] = (byte)(partial >> (8 * i));
            }

            character[partialLength] = bytes[0];
            switch (Rune.DecodeFromUtf8(character[..(partialLength + 1)], out _, out _))
            {
                case OperationStatus.Done:
                    partialLength = 0;
                    break;
                case OperationStatus.NeedMoreData:
                    Keep(character[..(partialLength + 1)]);
                    break;
                default:
                    return false;
            }

            bytes = bytes[1..];
        }

        var incomplete = IncompleteLength(bytes);
        if (!Utf8.IsValid(bytes[..^incomplete]))
        {
            return false;
        }

        if (incomplete > 0)
        {
            Keep(bytes[^incomplete..]);
        }

        return true;
    }

    private void Keep(ReadOnlySpan<byte> character)
    {
        partial = 0;
        partialLength = character.Length;
        for (var i = 0; i < character.Length; i++)
        {
            partial |= (uint)character[i] << (8 * i);
        }
    }

    /// <summary>How many of the last bytes begin a character without ending it.</summary>
    private static int IncompleteLength(ReadOnlySpan<byte> bytes)
    {
        for (var length = 1; length < MaximumBytesOfCharacter && length <= bytes.Length; length++)
        {
            var last = bytes[^length];
            if ((last & 0xC0) != 0x80)
            {
                var whole =
                    last >= 0xF0 ? 4
                    : last >= 0xE0 ? 3
                    : last >= 0xC0 ? 2
                    : 1;
                return whole > length ? length : 0;
            }
        }

        return 0;
    }
}
