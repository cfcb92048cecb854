using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Api;

/// <summary>FastKv.http does what its titles say, and shows every operation.</summary>
public sealed partial class HttpFileTests(ServiceFixture fixture)
{
    [Fact]
    public async Task Every_request_of_the_file_gets_the_answer_in_its_title()
    {
        var (variables, requests) = Read();
        variables["username"] = ApiClient.NewName();
        variables["email"] = $"{variables["username"]}@example.com";
        variables["host"] = "";
        var answers = new Dictionary<string, Reply>();
        foreach (var request in requests)
        {
            var content =
                request.Body.Length == 0 ? null : new ByteArrayContent(Encoding.UTF8.GetBytes(Fill(request.Body)));
            string? token = null;
            var headers = new List<(string, string)>();
            foreach (var (name, value) in request.Headers)
            {
                if (name == "Authorization")
                {
                    token = Fill(value)["Bearer ".Length..];
                }
                else if (name != "Content-Type")
                {
                    headers.Add((name, Fill(value)));
                }
                else
                {
                    content!.Headers.TryAddWithoutValidation(name, value);
                }
            }

            var reply = await fixture.Api.SendAsync(request.Method, Fill(request.Target), token, content, [.. headers]);

            Assert.True(
                reply.Status == request.Status && (reply.Body.Length == 0 ? null : reply.Code) == request.Code,
                $"{request.Title}: answered {(int)reply.Status} {reply.Text}"
            );
            if (request.Name is { } known)
            {
                answers[known] = reply;
            }
        }

        string Fill(string text) =>
            Placeholder()
                .Replace(
                    text,
                    match =>
                        match.Groups[1].Value.Split('.', 2) is [var name, "response.body.$.data.access_token"]
                            ? answers[name].Json["data"]!["access_token"]!.GetValue<string>()
                            : variables[match.Groups[1].Value]
                );
    }

    [Fact]
    public async Task Every_operation_is_in_the_file()
    {
        var document = (await fixture.Api.GetAsync("/openapi/v1.json")).Expect(HttpStatusCode.OK).Json;
        var shown = Read()
            .Requests.Where(request => (int)request.Status < 300)
            .Select(request =>
                $"{request.Method} {request.Target}"
                    .Replace("unique_key", "{key}", StringComparison.Ordinal)
                    .Replace("counter", "{key}", StringComparison.Ordinal)
            )
            .ToList();

        foreach (var (path, operations) in document["paths"]!.AsObject())
        {
            foreach (var (method, _) in operations!.AsObject())
            {
                Assert.Contains($"{method.ToUpperInvariant()} {{{{host}}}}{path}", shown);
            }
        }
    }

    private sealed record Request(
        string Title,
        HttpStatusCode Status,
        string? Code,
        string? Name,
        HttpMethod Method,
        string Target,
        IReadOnlyList<(string Name, string Value)> Headers,
        string Body
    );

    private static (Dictionary<string, string> Variables, List<Request> Requests) Read()
    {
        var blocks = Regex.Split(File.ReadAllText(FilePath()), "^### ", RegexOptions.Multiline);
        var variables = VariableLine()
            .Matches(blocks[0])
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        return (variables, [.. blocks.Skip(1).Select(Parse)]);
    }

    private static Request Parse(string block)
    {
        var lines = block.ReplaceLineEndings("\n").Split('\n');
        var title = Title().Match(lines[0]);
        Assert.True(title.Success, $"The title says no status: {lines[0]}");
        var name = lines[1].StartsWith("# @name ", StringComparison.Ordinal) ? lines[1]["# @name ".Length..] : null;
        var start = name is null ? 1 : 2;
        var request = lines[start].Split(' ', 2);
        var end = Array.IndexOf(lines, "", start);
        return new Request(
            lines[0],
            (HttpStatusCode)int.Parse(title.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture),
            title.Groups[2].Success ? title.Groups[2].Value : null,
            name,
            HttpMethod.Parse(request[0]),
            request[1],
            [.. lines[(start + 1)..end].Select(line => line.Split(": ", 2)).Select(header => (header[0], header[1]))],
            string.Join('\n', lines[end..]).Trim()
        );
    }

    private static string FilePath([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "../../../src/FastKv/FastKv.http");

    [GeneratedRegex(@"^(\d{3})(?: ([A-Z_]+))?(?:[:.]|$)")]
    private static partial Regex Title();

    [GeneratedRegex(@"^@(\w+) = (.*)$", RegexOptions.Multiline)]
    private static partial Regex VariableLine();

    [GeneratedRegex(@"\{\{([^}]*)\}\}")]
    private static partial Regex Placeholder();
}
