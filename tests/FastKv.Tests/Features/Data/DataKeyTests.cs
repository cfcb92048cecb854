using System.Net;
using System.Text;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

/// <summary>Keys in bodies and in paths: whatever is stored is reached, by exactly one key.</summary>
public sealed class DataKeyTests(ServiceFixture fixture)
{
    /// <summary>Keys that a careless reader of paths takes for one another.</summary>
    private static readonly string[] Alphabet =
    [
        "a",
        "A",
        " a",
        "a ",
        "a b",
        "a+b",
        "a%20b",
        "a%2Bb",
        "a/b",
        "a%2Fb",
        "a%2fb",
        "a%252Fb",
        "a\\b",
        "a//b",
        "/",
        "//",
        "/a",
        "a/",
        "%2F",
        "a/../b",
        "a/./b",
        "../a",
        "./a",
        "..a",
        ".a",
        "...",
        "a..",
        "%2E%2E",
        "%2e",
        "100%",
        "100%25",
        "%",
        "%%",
        "%zz",
        "%00",
        "%u0041",
        "?",
        "a?b",
        "a?b=c&d",
        "#",
        "a#b",
        "a;b",
        "a;b=c",
        "a:b",
        "a@b",
        "a=b",
        "a,b",
        "a|b",
        "a*b",
        "a~b",
        "~",
        "-",
        "_",
        "$",
        "&",
        "'",
        "\"",
        "\"quoted\"",
        "\\",
        "\\u0041",
        "{a}",
        "}",
        "<a>",
        "[a]",
        "(a)",
        "^`",
        "null",
        "data",
        "key",
        "ключ",
        "Ключ",
        "🔑",
        "日本語",
        "\u00e9",
        "e\u0301",
        "\u212b",
        "\u00c5",
        "ſ",
        "ß",
        "ss",
        "\u0080",
        "\u0085",
        "\u00a0",
        "\u00ad",
        "\u200b",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\ufeffa",
        "\ufffd",
        "\uffff",
        "\U0010ffff",
        new('k', 512),
        new('k', 511),
        new('/', 512),
        new('é', 256),
    ];

    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task Every_key_makes_the_round_trip_and_no_two_meet()
    {
        var token = await api.NewUserTokenAsync();
        Assert.Equal(Alphabet.Length, Alphabet.Distinct(StringComparer.Ordinal).Count());

        foreach (var key in Alphabet)
        {
            (await api.StoreAsync(token, key, $"of {key}")).Expect(HttpStatusCode.Created);
        }

        foreach (var key in Alphabet)
        {
            Assert.Equal((key, $"of {key}"), await EntryAsync(token, ApiClient.PathOf(key)));
            (await api.UpdateAsync(token, key, $"new {key}")).Expect(HttpStatusCode.OK);
        }

        foreach (var key in Alphabet)
        {
            Assert.Equal((key, $"new {key}"), await EntryAsync(token, EveryByteEncoded(key)));
            (await api.StoreAsync(token, key, "v")).ExpectError("KEY_EXISTS");
            (await api.DeleteAsync(token, key)).Expect(HttpStatusCode.OK);
            (await api.RetrieveAsync(token, key)).ExpectError("KEY_NOT_FOUND");
        }
    }

    [Theory]
    [InlineData("a/b", "/api/data/a%2Fb")]
    [InlineData("a/b", "/api/data/a%2fb")]
    [InlineData("a%2Fb", "/api/data/a%252Fb")]
    [InlineData("100%", "/api/data/100%25")]
    [InlineData("a+b", "/api/data/a+b")]
    [InlineData("a+b", "/api/data/a%2Bb")]
    [InlineData("a b", "/api/data/a%20b")]
    [InlineData("a;b=c,d", "/api/data/a;b=c,d")]
    [InlineData("a:b@c", "/api/data/a:b@c")]
    [InlineData("!$&'()*~", "/api/data/!$&'()*~")]
    [InlineData("ключ", "/api/data/%D0%BA%d0%bb%D1%8e%D1%87")]
    [InlineData("a", "/api/data/%61")]
    [InlineData("a?b", "/api/data/a%3Fb?c")]
    [InlineData("a", "/API/Data/a")]
    [InlineData("..a", "/api/data/..a")]
    [InlineData("\\", "/api/data/%5C")]
    public async Task A_key_in_a_path_is_decoded_exactly_once(string key, string target)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, key, "v");

        Assert.Equal((key, "v"), await EntryAsync(token, target));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?a")]
    [InlineData("a/")]
    [InlineData("a/b")]
    [InlineData("a/b/")]
    [InlineData("/")]
    [InlineData("//a")]
    [InlineData("a/%2E%2E")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("%2E")]
    [InlineData("%2e%2E")]
    [InlineData(".%2e")]
    [InlineData("%")]
    [InlineData("%2")]
    [InlineData("a%")]
    [InlineData("a%4")]
    [InlineData("%zz")]
    [InlineData("%4g")]
    [InlineData("%u0041")]
    [InlineData("%%41")]
    [InlineData("%FF")]
    [InlineData("%C3")]
    [InlineData("%C3%28")]
    [InlineData("%C0%AF")]
    [InlineData("%E0%80%AF")]
    [InlineData("%ED%A0%80")]
    [InlineData("%F4%90%80%80")]
    [InlineData("a%80")]
    [InlineData("%00")]
    [InlineData("a%00b")]
    [InlineData("%01")]
    [InlineData("%0A")]
    [InlineData("%0d%0aX-Injected:1")]
    [InlineData("%1F")]
    [InlineData("%7F")]
    public async Task What_is_no_key_is_an_invalid_key_for_every_operation(string segment)
    {
        var token = await api.NewUserTokenAsync();
        HttpMethod[] methods = [HttpMethod.Get, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Delete];
        foreach (var method in methods)
        {
            var body =
                method == HttpMethod.Put ? ApiClient.Json("""{"value":"v"}""")
                : method == HttpMethod.Patch ? ApiClient.Json("""{"increment":1}""")
                : null;

            (await api.SendAsync(method, "/api/data/" + segment, token, body)).ExpectError("INVALID_KEY");
        }
    }

    [Fact]
    public async Task A_key_of_513_bytes_is_an_invalid_key_in_a_path_too()
    {
        var token = await api.NewUserTokenAsync();
        string[] keys = [new('a', 513), new('é', 257), new string('a', 512) + "/", new('a', 2000)];
        foreach (var key in keys)
        {
            (await api.RetrieveAsync(token, key)).ExpectError("INVALID_KEY", "key");
            (await api.UpdateAsync(token, key, "v")).ExpectError("INVALID_KEY", "key");
            (await api.DeleteAsync(token, key)).ExpectError("INVALID_KEY", "key");
        }
    }

    private async Task<(string Key, string Value)> EntryAsync(string token, string target)
    {
        var data = (await api.GetAsync(target, token)).Expect(HttpStatusCode.OK).ExpectWholeJson().Json["data"]!;
        return (data["key"]!.GetValue<string>(), data["value"]!.GetValue<string>());
    }

    private static string EveryByteEncoded(string key) =>
        "/api/data/" + string.Concat(Encoding.UTF8.GetBytes(key).Select(b => $"%{b:x2}"));
}
