using System.Buffers;
using System.Text;
using System.Text.Json;
using FastKv.Api;
using Xunit;

namespace FastKv.Tests.Api;

public sealed class JsonStringEncoderTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("\"quoted\" and \\ \n\r\t\b\f")]
    [InlineData("\u0000\u0001\u001F\u007F")]
    [InlineData("é and 🗝")]
    [InlineData("\"")]
    public void What_is_written_reads_as_what_it_was_in_whatever_way_it_is_written(string sample)
    {
        // Around the length of a piece, which may end within a character.
        for (var repeats = 1; repeats < 1200; repeats += 7)
        {
            var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(sample, repeats)));
            var length = JsonStringEncoder.Length(text);

            var span = new byte[length];
            Assert.Equal(length, JsonStringEncoder.Write(span, text));
            var asked = new ArrayBufferWriter<byte>();
            JsonStringEncoder.Write(asked, text, length);
            var unasked = new ArrayBufferWriter<byte>();
            JsonStringEncoder.Write(unasked, text, -1);

            Assert.Equal(span, asked.WrittenSpan);
            Assert.Equal(span, unasked.WrittenSpan);
            Assert.Equal(
                text,
                Encoding.UTF8.GetBytes(JsonSerializer.Deserialize<string>([.. "\""u8, .. span, .. "\""u8])!)
            );
        }
    }
}
