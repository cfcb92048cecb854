using System.IO.Compression;
using System.Net;
using System.Text.RegularExpressions;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Api;

/// <summary>The documentation page is whole and asks no other host for anything; <c>/</c> leads to it.</summary>
public sealed partial class DocsTests(ServiceFixture fixture)
{
    private ApiClient Api => fixture.Api;

    [Theory]
    [InlineData("/docs", "text/html; charset=utf-8")]
    [InlineData("/docs/docs.js", "text/javascript; charset=utf-8")]
    [InlineData("/docs/docs.css", "text/css; charset=utf-8")]
    [InlineData("/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8")]
    [InlineData("/docs/swagger-ui.css", "text/css; charset=utf-8")]
    [InlineData("/docs/favicon.png", "image/png")]
    public async Task A_file_of_the_page_comes_whole_and_as_what_it_is(string path, string contentType)
    {
        var reply = (await Api.GetAsync(path)).Expect(HttpStatusCode.OK);
        var compressed = await Api.SendAsync(HttpMethod.Get, path, null, null, ("Accept-Encoding", "gzip"));
        var kept = await Api.SendAsync(HttpMethod.Get, path, null, null, ("If-None-Match", reply.Headers["ETag"]));

        Assert.Equal(contentType, reply.Headers["Content-Type"]);
        Assert.Equal("nosniff", reply.Headers["X-Content-Type-Options"]);
        Assert.DoesNotContain("Content-Encoding", reply.Headers.Keys);
        Assert.Equal("gzip", compressed.Headers["Content-Encoding"]);
        Assert.Equal(reply.Body, Decompress(compressed.Body));
        Assert.Equal(HttpStatusCode.NotModified, kept.Status);
        Assert.Empty(kept.Body);
    }

    [Fact]
    public async Task Everything_that_the_page_names_is_here()
    {
        var page = (await Api.GetAsync("/docs")).Expect(HttpStatusCode.OK).Text;
        var addresses = Addresses().Matches(page).Select(match => match.Groups[1].Value).ToList();

        Assert.Contains("/docs/swagger-ui-bundle.js", addresses);
        foreach (var address in addresses)
        {
            Assert.Matches("^/[^/]", address);
            (await Api.GetAsync(address)).Expect(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task The_page_and_its_own_files_name_no_other_host()
    {
        foreach (var path in new[] { "/docs", "/docs/docs.js", "/docs/docs.css" })
        {
            Assert.DoesNotMatch(OtherHost(), (await Api.GetAsync(path)).Expect(HttpStatusCode.OK).Text);
        }

        var style = (await Api.GetAsync("/docs/swagger-ui.css")).Text;
        Assert.All(
            StyleAddresses().Matches(style),
            match => Assert.StartsWith("data:", match.Groups[1].Value, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_browser_lets_the_page_reach_and_run_nothing_else()
    {
        var policy = (await Api.GetAsync("/docs"))
            .Headers["Content-Security-Policy"]
            .Split("; ")
            .Select(directive => directive.Split(' ', 2))
            .ToDictionary(directive => directive[0], directive => directive[1]);

        Assert.Equal("'none'", policy["default-src"]);
        Assert.Equal("'self'", policy["script-src"]);
        Assert.Equal("'self'", policy["connect-src"]);
        Assert.Equal("'none'", policy["frame-ancestors"]);
        Assert.DoesNotContain("http", string.Join(' ', policy.Values), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/docs/nothing")]
    [InlineData("/docs/docs.html")]
    [InlineData("/docs/swagger-ui-bundle.js/more")]
    [InlineData("/openapi/v2.json")]
    public async Task What_is_not_part_of_the_page_is_refused_in_the_envelope(string path)
    {
        var reply = (await Api.GetAsync(path)).Expect(HttpStatusCode.NotFound);

        Assert.Equal("application/json; charset=utf-8", reply.Headers["Content-Type"]);
        Assert.Equal("NOT_FOUND", reply.Code);
    }

    [Fact]
    public async Task The_root_tells_a_program_where_everything_is()
    {
        var reply = (await Api.GetAsync("/")).Expect(HttpStatusCode.OK);

        Assert.Equal("application/json; charset=utf-8", reply.Headers["Content-Type"]);
        foreach (var address in reply.Json["data"]!.AsObject().Select(member => member.Value!))
        {
            (await Api.GetAsync(address.GetValue<string>())).Expect(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task The_root_leads_a_browser_to_the_page()
    {
        var reply = await Api.SendAsync(
            HttpMethod.Get,
            "/",
            null,
            null,
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        );

        Assert.Equal("/docs", reply.Expect(HttpStatusCode.Redirect).Headers["Location"]);
    }

    [GeneratedRegex("(?:src|href)=\"([^\"]*)\"")]
    private static partial Regex Addresses();

    [GeneratedRegex("\\w+://|[\"'(`]//")]
    private static partial Regex OtherHost();

    [GeneratedRegex("url\\([\"']?([^)\"']*)")]
    private static partial Regex StyleAddresses();

    private static byte[] Decompress(byte[] bytes)
    {
        using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        gzip.CopyTo(plain);
        return plain.ToArray();
    }
}
