using System.IO.Compression;
using System.Net;
using System.Text.RegularExpressions;
using FastKv.Tests.Abuse;
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
        foreach (
            var address in reply.Json["data"]!
                .AsObject()
                .Where(member => member.Key != "version")
                .Select(member => member.Value!)
        )
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

    [Fact]
    public async Task In_a_browser_a_link_leads_to_a_title_that_can_be_seen_with_its_errors_in_one_table()
    {
        await using var browser = await OpenAsync("/docs#/Data/updateData");
        await UntilAsync(
            browser,
            """
            (() => {
              const title = document.querySelector('#operations-Data-updateData.is-open .opblock-summary');
              const below = title?.getBoundingClientRect().top - document.querySelector('header').getBoundingClientRect().bottom;
              return below >= 0 && below < 40;
            })()
            """
        );

        Assert.Equal(
            "200 201 error",
            await TextAsync(
                browser,
                "[...document.querySelectorAll('.is-open .response > .response-col_status')].map((e) => e.textContent).join(' ')"
            )
        );
        Assert.Contains(
            "415 UNSUPPORTED_MEDIA_TYPE Send the body as JSON",
            await TextAsync(
                browser,
                "[...document.querySelectorAll('.is-open .response table tr')].map((row) => [...row.cells].map((c) => c.textContent).join(' ')).join('; ')"
            ),
            StringComparison.Ordinal
        );
        Assert.True((await browser.EvaluateAsync("document.querySelectorAll('main').length <= 1"))!.GetValue<bool>());
        Assert.True(
            (await browser.EvaluateAsync("document.documentElement.scrollWidth <= innerWidth"))!.GetValue<bool>()
        );
    }

    [Fact]
    public async Task In_a_browser_the_page_is_as_dark_as_the_system()
    {
        await using var browser = await OpenAsync("/docs");

        foreach (var (scheme, isDark) in new[] { ("dark", "true"), ("light", "false"), ("dark", "true") })
        {
            await browser.PreferAsync(scheme);

            await UntilAsync(browser, $"document.documentElement.classList.contains('dark-mode') === {isDark}");
        }
    }

    [Fact]
    public async Task In_a_browser_the_page_renews_a_token_before_it_ends_and_signs_out()
    {
        await using var service = await OwnService.StartAsync(fixture, ("FastKv__Token__LifetimeSeconds", "20"));
        await using var browser = await OpenAsync("/docs", service.Address);
        await UntilAsync(browser, "typeof ui !== 'undefined' && document.getElementById('sign-out').hidden");

        var token = await service.Api.NewUserTokenAsync();
        await browser.EvaluateAsync($"ui.preauthorizeApiKey('bearer', '{token}')");
        await UntilAsync(browser, $"shownToken !== undefined && shownToken !== '{token}'");
        var renewed = (await browser.EvaluateAsync("shownToken"))!.GetValue<string>();
        (await service.Api.RetrieveAsync(renewed, "k")).ExpectError("KEY_NOT_FOUND");

        await browser.EvaluateAsync("document.getElementById('sign-out').click()");
        await UntilAsync(browser, "document.getElementById('session').textContent === 'Not signed in.'");
        await UntilAsync(browser, "document.getElementById('sign-out').hidden");
        (await service.Api.RetrieveAsync(renewed, "k")).ExpectError("INVALID_TOKEN");
    }

    [Fact]
    public async Task In_a_browser_the_page_says_who_is_signed_in_as_long_as_it_is_so()
    {
        (await Api.PostAsync("/api/register", ApiClient.Registration("example_user"))).Json.ToJsonString();
        await using var browser = await OpenAsync("/docs#/Tokens/generateToken");
        await UntilAsync(browser, "document.querySelector('.is-open .execute') !== null");
        Assert.Equal("Not signed in.", await SessionAsync());

        await browser.EvaluateAsync("document.querySelector('.is-open .execute').click()");
        await UntilAsync(
            browser,
            "document.getElementById('session').textContent.startsWith('Signed in as example_user until ')"
        );

        await browser.EvaluateAsync("ui.authActions.logout(['bearer'])");
        Assert.Equal("Not signed in.", await SessionAsync());

        // Pasted into the dialog of Authorize.
        var token = await Api.NewUserTokenAsync();
        await PasteAsync(token);
        Assert.StartsWith("Signed in as ", await SessionAsync(), StringComparison.Ordinal);
        await PasteAsync("nonsense");
        Assert.DoesNotContain("Signed in", await SessionAsync(), StringComparison.Ordinal);
        await PasteAsync($"a.{Convert.ToBase64String("""{"sub":"a","exp":1}"""u8)}.b");
        Assert.Contains("has ended", await SessionAsync(), StringComparison.Ordinal);

        Task<string> SessionAsync() => TextAsync(browser, "document.getElementById('session').textContent");

        Task PasteAsync(string pasted) =>
            browser.EvaluateAsync(
                $$"""ui.authActions.authorize({ bearer: { name: 'bearer', schema: { type: 'http', scheme: 'bearer' }, value: '{{pasted}}' } }) && 0"""
            );
    }

    private async Task<Browser> OpenAsync(string target, Uri? address = null)
    {
        Assert.SkipUnless(Browser.IsInstalled, Browser.Missing);
        var browser = await Browser.StartAsync();
        await browser.OpenAsync(new Uri(address ?? Api.Address, target));
        await UntilAsync(browser, "document.querySelector('.opblock') !== null");
        return browser;
    }

    private static async Task<string> TextAsync(Browser browser, string expression) =>
        (await browser.EvaluateAsync(expression))!.GetValue<string>();

    private static Task UntilAsync(Browser browser, string condition) =>
        Wait.UntilAsync(
            condition,
            async () => (await browser.EvaluateAsync(condition))!.GetValue<bool>(),
            TimeSpan.FromMinutes(1)
        );

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
