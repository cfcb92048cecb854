using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using FastKv.Api;
using Xunit;

namespace FastKv.Tests.Api;

/// <summary>However a document is cut into pieces, it reads as <see cref="Utf8JsonReader"/> reads it whole.</summary>
public sealed class JsonStreamReaderTests
{
    private static readonly string[] Texts =
    [
        "",
        "a",
        "é€😀",
        "\\u0041\\u00e9\\u20ac",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\ude00",
        "\\ud83dx",
        "\\ud83d\\ud83d\\ude00",
        "\\n\\r\\t\\b\\f\\/\\\\\\\"",
        new('x', 100),
        "\\q",
        "\\u12g4",
        "\u0001",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Documents_in_pieces_read_as_they_do_whole(int seed)
    {
        var random = new Random(seed);
        var refused = 0;
        for (var i = 0; i < 5000; i++)
        {
            var document = Encoding.UTF8.GetBytes(Value(random, 0));
            if (random.Next(3) == 0)
            {
                Damage(document, random);
            }

            var whole = TokensOfWhole(document);
            var pieces = TokensOfPieces(document, random);

            Assert.True(
                whole == pieces,
                $"{Convert.ToHexString(document)}\n{Encoding.UTF8.GetString(document)}\nwhole:  {whole}\npieces: {pieces}"
            );
            refused += whole is null ? 1 : 0;
        }

        // Both kinds were there.
        Assert.InRange(refused, 500, 4500);
    }

    [Fact]
    public void Of_a_string_that_is_too_long_nothing_is_kept()
    {
        var sink = new Sink(maximumTextLength: 10);
        var bytes = Encoding.UTF8.GetBytes("[\"0123456789\",\"01234567890\",\"0123456789\\u00e9\"]");

        ReadInPieces(bytes, sink, 1);

        Assert.Equal("StartArray@0 String@1=0123456789 String@1 String@1 EndArray@0 ", sink.Tokens);
    }

    [Theory]
    [InlineData("{\"{0}\":1}")]
    [InlineData("[{1}]")]
    [InlineData("[1,{2}\"x\"]")]
    public void A_name_a_number_or_a_gap_that_is_too_long_is_refused(string form)
    {
        var document = form.Replace("{0}", new string('n', 100_000))
            .Replace("{1}", new string('1', 100_000))
            .Replace("{2}", new string(' ', 100_000));

        Assert.Throws<JsonException>(() => ReadInPieces(Encoding.UTF8.GetBytes(document), new Sink(), 1000));
    }

    [Fact]
    public void White_space_between_tokens_is_not_held()
    {
        var sink = new Sink();

        ReadInPieces(
            Encoding.UTF8.GetBytes($"{new string(' ', 100_000)}{{{new string('\n', 100_000)}}}  "),
            sink,
            1000
        );

        Assert.Equal("StartObject@0 EndObject@0 ", sink.Tokens);
    }

    private static string Value(Random random, int depth) =>
        random.Next(depth > 3 ? 5 : 8) switch
        {
            0 => "null",
            1 => "true",
            2 => random.Next(-1000, 1000).ToString(CultureInfo.InvariantCulture),
            3 => "-1.5e+7",
            4 => $"\"{Text(random)}\"",
            5 =>
                $"[{Gap(random)}{string.Join($"{Gap(random)},{Gap(random)}", Many(random, () => Value(random, depth + 1)))}]",
            _ =>
                $"{{{Gap(random)}{string.Join(",", Many(random, () => $"{Gap(random)}\"{Text(random)}\"{Gap(random)}:{Gap(random)}{Value(random, depth + 1)}"))}{Gap(random)}}}",
        } + Gap(random);

    private static string[] Many(Random random, Func<string> make) =>
        Enumerable.Range(0, random.Next(4)).Select(_ => make()).ToArray();

    // The last three are no JSON, so they are rare.
    private static string Text(Random random) =>
        string.Concat(
            Enumerable
                .Range(0, random.Next(4))
                .Select(_ => Texts[random.Next(random.Next(20) == 0 ? Texts.Length : Texts.Length - 3)])
        );

    private static string Gap(Random random) => random.Next(4) == 0 ? " \r\n\t"[..random.Next(5)] : "";

    private static void Damage(byte[] document, Random random)
    {
        for (var i = random.Next(1, 3); i > 0; i--)
        {
            document[random.Next(document.Length)] =
                random.Next(2) == 0 ? (byte)random.Next(256) : (byte)"\"\\,:[]{}u"[random.Next(9)];
        }
    }

    private static string? TokensOfWhole(byte[] document)
    {
        if (!Utf8.IsValid(document))
        {
            return null;
        }

        var sink = new Sink();
        try
        {
            var reader = new Utf8JsonReader(document);
            while (reader.Read())
            {
                var text = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName
                    ? TextOf(ref reader)
                    : null;
                if (reader.TokenType is JsonTokenType.PropertyName)
                {
                    ((IJsonTokenSink)sink).AcceptName(reader.CurrentDepth, text);
                }
                else
                {
                    ((IJsonTokenSink)sink).AcceptValue(
                        reader.TokenType,
                        reader.CurrentDepth,
                        reader.TokenType is JsonTokenType.Number ? reader.ValueSpan.ToArray()
                            : text is null ? default(ReadOnlyMemory<byte>?)
                            : text
                    );
                }
            }

            return sink.Tokens;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[]? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return Encoding.UTF8.GetBytes(reader.GetString()!);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string? TokensOfPieces(byte[] document, Random random)
    {
        var sink = new Sink();
        try
        {
            ReadInPieces(document, sink, random.Next(1, 12));
            return sink.Tokens;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>As a pipe does it: what is not consumed comes again, in front of what has arrived.</summary>
    private static void ReadInPieces(byte[] document, IJsonTokenSink sink, int pieceLength)
    {
        var reader = new JsonStreamReader(sink);
        byte[] rest = [];
        for (var at = 0; ; at += pieceLength)
        {
            var piece = document[Math.Min(at, document.Length)..Math.Min(at + pieceLength, document.Length)];
            var isLast = at + pieceLength > document.Length;
            var bytes = Segments(rest, piece);
            var consumed = reader.Read(bytes, isLast);
            rest = bytes.Slice(consumed).ToArray();
            if (isLast)
            {
                return;
            }
        }
    }

    private static ReadOnlySequence<byte> Segments(byte[] first, byte[] second)
    {
        var start = new Segment(first, 0);
        var end = start.Append(second);
        return new ReadOnlySequence<byte>(start, 0, end, second.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, long runningIndex)
        {
            Memory = bytes;
            RunningIndex = runningIndex;
        }

        public Segment Append(byte[] bytes)
        {
            var next = new Segment(bytes, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }

    private sealed class Sink(int maximumTextLength = 1024) : IJsonTokenSink
    {
        private readonly StringBuilder tokens = new();

        public string Tokens => tokens.ToString();

        int IJsonTokenSink.MaximumTextLength => maximumTextLength;

        void IJsonTokenSink.AcceptName(int depth, ReadOnlySpan<byte> name) =>
            tokens.Append(CultureInfo.InvariantCulture, $"Name@{depth}={Encoding.UTF8.GetString(name)} ");

        void IJsonTokenSink.AcceptValue(JsonTokenType token, int depth, ReadOnlyMemory<byte>? text) =>
            tokens.Append(
                CultureInfo.InvariantCulture,
                $"{token}@{depth}{(text is { } t ? $"={Encoding.UTF8.GetString(t.Span)}" : "")} "
            );
    }
}
