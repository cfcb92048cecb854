using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Abuse;

/// <summary>
/// Requests whose end two readers could see in different places (RFC 9112, 11.2). A proxy in front may see one request where the
/// service sees two; so whatever is ambiguous must be refused, and nothing behind it on the connection may be answered.
/// </summary>
public sealed class SmugglingTests(ServiceFixture fixture)
{
    private const string Smuggled = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    private const string Start = "POST /api/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    public static TheoryData<string, string> Ambiguous =>
        new()
        {
            {
                "Content-Length and Transfer-Encoding",
                "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            },
            {
                "Transfer-Encoding and Content-Length",
                "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"
            },
            { "two lengths", "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" },
            { "a list of lengths", "Content-Length: 2, 40\r\n\r\n{}" },
            { "a negative length", "Content-Length: -2\r\n\r\n{}" },
            { "a hexadecimal length", "Content-Length: 0x2\r\n\r\n{}" },
            { "a length with a space inside", "Content-Length: 2 0\r\n\r\n{}" },
            { "an unknown encoding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" },
            { "an encoding after chunked", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" },
            { "chunked twice", "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" },
            { "two encodings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" },
            { "a vertical tab in the encoding", "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n" },
            { "a space before the colon", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" },
            { "a folded header", "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" },
            { "a line that is no header", "Transfer-Encoding\r\n\r\n0\r\n\r\n" },
            { "a NUL in a header", "X-Nul: a\0b\r\nContent-Length: 2\r\n\r\n{}" },
            { "a bare CR in a header", "X-Cr: a\rContent-Length: 2\r\n\r\n{}" },
            { "two hosts", "Host: y\r\nContent-Length: 2\r\n\r\n{}" },
            { "a chunk size with a sign", "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n" },
            { "a chunk size with 0x", "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" },
            { "a negative chunk size", "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n" },
            {
                "a chunk size that overflows",
                "Transfer-Encoding: chunked\r\n\r\n100000000000000002\r\n{}\r\n0\r\n\r\n"
            },
            { "a chunk that is longer than its size", "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n" },
            { "a chunk without its line end", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n" },
        };

    [Theory]
    [MemberData(nameof(Ambiguous))]
    public async Task What_is_ambiguous_is_refused_and_the_connection_closed(string what, string rest)
    {
        using var connection = await RawConnection.OpenAsync(fixture.Service.Address);

        await connection.SendAsync(Start + rest + Smuggled);

        var answers = await connection.ReadAllAsync(Silence);
        var said = string.Join(" | ", answers.Select(answer => $"{answer.Status} {answer.Text}"));
        Assert.True(answers.Count <= 1, $"{what}: {answers.Count} answers: {said}");
        Assert.All(answers, answer => Assert.InRange(answer.Status, 400, 499));
        Assert.All(answers, answer => Assert.Null(answer.Fault()));
        Assert.All(answers, answer => Assert.Equal("close", answer.Header("Connection")));
    }

    [Theory]
    [InlineData("GET /health/live HTTP/1.1\r\nContent-Length: 40\r\n")]
    [InlineData("GET /health/live HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n")]
    [InlineData("GET http://other/health/live HTTP/1.1\r\nContent-Length: 40\r\n")]
    [InlineData("GET /health/live HTTP/1.1\nContent-Length: 40\n")]
    public async Task A_body_is_never_read_as_a_request(string start)
    {
        using var connection = await RawConnection.OpenAsync(fixture.Service.Address);
        var body = Smuggled.PadRight(40, ' ')[..40];

        await connection.SendAsync($"{start}Host: x\r\n\r\n{body}");

        Assert.True((await connection.ReadAllAsync(Silence)).Count <= 1);
    }
}
