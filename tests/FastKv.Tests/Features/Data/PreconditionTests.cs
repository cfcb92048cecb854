using System.Net;
using System.Security.Cryptography;
using System.Text;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

/// <summary>Versions: <c>ETag</c>, <c>If-Match</c>, <c>If-None-Match</c>, and upsert.</summary>
public sealed class PreconditionTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task The_version_of_a_value_is_a_hash_of_its_bytes_wherever_it_is_told()
    {
        var token = await api.NewUserTokenAsync();

        Assert.Equal(TagOf("é\"1"), (await api.StoreAsync(token, "k", "é\"1")).Headers["ETag"]);
        Assert.Equal(TagOf("é\"1"), (await api.RetrieveAsync(token, "k")).Headers["ETag"]);
        Assert.Equal(TagOf("2"), (await api.UpdateAsync(token, "k", "2")).Headers["ETag"]);
        Assert.Equal(TagOf("5"), (await api.ModifyAsync(token, "k", """{"increment":3}""")).Headers["ETag"]);
        Assert.Equal(
            TagOf("1"),
            (await api.ModifyAsync(token, "n", """{"increment":1,"create":true}""")).Headers["ETag"]
        );
        Assert.Equal(
            TagOf("u"),
            (await api.UpdateAsync(token, "u", """{"value":"u"}""", "?upsert=true")).Headers["ETag"]
        );
        Assert.False((await api.ModifyAsync(token, "k", """{"expires_in":9}""")).Headers.ContainsKey("ETag"));
        Assert.False((await api.DeleteAsync(token, "k")).Headers.ContainsKey("ETag"));
        Assert.False((await api.RetrieveAsync(token, "k")).Headers.ContainsKey("ETag"));
    }

    [Fact]
    public async Task HEAD_is_GET_without_the_body()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "v");
        var get = await api.RetrieveAsync(token, "k");

        var head = await api.SendAsync(HttpMethod.Head, "/api/data/k", token);
        var missing = await api.SendAsync(HttpMethod.Head, "/api/data/missing", token);
        var unchanged = await api.SendAsync(HttpMethod.Head, "/api/data/k", token, null, ("If-None-Match", TagOf("v")));
        var stranger = await api.SendAsync(HttpMethod.Head, "/api/data/k");
        var withExpiry = await api.SendAsync(HttpMethod.Head, "/api/data/k?include=expires_in", token);

        Assert.Equal(HttpStatusCode.OK, head.Status);
        foreach (var name in new[] { "ETag", "Cache-Control", "Content-Type", "Content-Length" })
        {
            Assert.Equal(get.Headers[name], head.Headers[name]);
        }

        Assert.Equal(HttpStatusCode.NotFound, missing.Status);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.Status);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.Status);
        Assert.Equal(HttpStatusCode.OK, withExpiry.Status);
        Assert.False(withExpiry.Headers.ContainsKey("ETag"));
        Assert.All([head, missing, unchanged, stranger, withExpiry], reply => Assert.Empty(reply.Body));
    }

    [Theory]
    [InlineData("{tag}", true)]
    [InlineData("W/{tag}", true)]
    [InlineData("*", true)]
    [InlineData("\"other\", {tag}", true)]
    [InlineData("\"a,b\" , W/{tag}", true)]
    [InlineData(", {tag},,", true)]
    [InlineData("\"other\"", false)]
    [InlineData("\"\"", false)]
    public async Task A_read_of_what_the_client_has_is_304(string condition, bool matches)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "v");
        var tags = condition.Replace("{tag}", TagOf("v"), StringComparison.Ordinal);

        var reply = await api.SendAsync(HttpMethod.Get, "/api/data/k", token, null, ("If-None-Match", tags));

        Assert.Equal(matches ? HttpStatusCode.NotModified : HttpStatusCode.OK, reply.Status);
        Assert.Equal(matches, reply.Body.Length == 0);
        Assert.Equal(TagOf("v"), reply.Headers["ETag"]);
        Assert.Equal("no-cache, private", reply.Headers["Cache-Control"]);
    }

    [Theory]
    [InlineData("{tag}", true)]
    [InlineData("*", true)]
    [InlineData("\"other\", {tag}", true)]
    [InlineData("W/{tag}", false)]
    [InlineData("\"other\"", false)]
    [InlineData("W/\"other\"", false)]
    [InlineData("\"\"", false)]
    public async Task If_Match_is_asked_by_every_operation_on_an_entry(string condition, bool matches)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "5");
        var header = ("If-Match", condition.Replace("{tag}", TagOf("5"), StringComparison.Ordinal));

        Expect(await api.SendAsync(HttpMethod.Get, "/api/data/k", token, null, header));
        Expect(await api.SendAsync(HttpMethod.Get, "/api/data/k?include=expires_in", token, null, header));
        Expect(await api.ModifyAsync(token, "k", """{"expires_in":60}""", header));
        Expect(await api.UpdateAsync(token, "k", """{"value":"5"}""", "", header));
        Expect(await api.UpdateAsync(token, "k", """{"value":"5"}""", "?upsert=true", header));
        Expect(await api.ModifyAsync(token, "k", """{"increment":0}""", header));
        Expect(await api.SendAsync(HttpMethod.Delete, "/api/data/k", token, null, header));
        Assert.Equal(
            matches ? HttpStatusCode.NotFound : HttpStatusCode.OK,
            (await api.RetrieveAsync(token, "k")).Status
        );

        void Expect(Reply reply)
        {
            if (matches)
            {
                reply.Expect(HttpStatusCode.OK);
            }
            else
            {
                reply.ExpectError("PRECONDITION_FAILED");
                Assert.Equal(TagOf("5"), reply.Headers["ETag"]);
            }
        }
    }

    [Theory]
    [InlineData("*", true)]
    [InlineData("{tag}", true)]
    [InlineData("W/{tag}", true)]
    [InlineData("\"other\"", false)]
    public async Task If_None_Match_refuses_a_write_of_that_version(string condition, bool matches)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "5");
        var header = ("If-None-Match", condition.Replace("{tag}", TagOf("5"), StringComparison.Ordinal));

        Expect(await api.UpdateAsync(token, "k", """{"value":"5"}""", "", header));
        Expect(await api.UpdateAsync(token, "k", """{"value":"5"}""", "?upsert=true", header));
        Expect(await api.ModifyAsync(token, "k", """{"increment":0}""", header));
        Expect(await api.ModifyAsync(token, "k", """{"expires_in":null}""", header));
        Expect(await api.SendAsync(HttpMethod.Delete, "/api/data/k", token, null, header));

        void Expect(Reply reply) =>
            _ = matches ? reply.ExpectError("PRECONDITION_FAILED") : reply.Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_key_that_does_not_exist_is_not_found_before_any_condition()
    {
        var token = await api.NewUserTokenAsync();
        foreach (var header in new[] { ("If-Match", "*"), ("If-Match", "\"a\""), ("If-None-Match", "*") })
        {
            (await api.SendAsync(HttpMethod.Get, "/api/data/k", token, null, header)).ExpectError("KEY_NOT_FOUND");
            (await api.UpdateAsync(token, "k", """{"value":"v"}""", "", header)).ExpectError("KEY_NOT_FOUND");
            (await api.ModifyAsync(token, "k", """{"increment":1}""", header)).ExpectError("KEY_NOT_FOUND");
            (await api.SendAsync(HttpMethod.Delete, "/api/data/k", token, null, header)).ExpectError("KEY_NOT_FOUND");
        }
    }

    [Fact]
    public async Task An_upsert_stores_or_replaces_and_its_conditions_hold()
    {
        var token = await api.NewUserTokenAsync();

        (await api.UpdateAsync(token, "k", """{"value":"1"}""", "?upsert=false")).ExpectError("KEY_NOT_FOUND");
        (await api.UpdateAsync(token, "k", """{"value":"1"}""", "?upsert=true", ("If-Match", "*"))).ExpectError(
            "PRECONDITION_FAILED"
        );
        (await api.UpdateAsync(token, "k", """{"value":"1"}""", "?upsert=true", ("If-None-Match", "*"))).ExpectSuccess(
            HttpStatusCode.Created,
            """{"status":"success","message":"Data stored successfully."}"""
        );
        (await api.UpdateAsync(token, "k", """{"value":"2"}""", "?upsert=true", ("If-None-Match", "*"))).ExpectError(
            "PRECONDITION_FAILED"
        );
        (await api.UpdateAsync(token, "k", """{"value":"2"}""", "?upsert=true&x=y")).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","message":"Data updated successfully."}"""
        );
        Assert.Equal(TagOf("2"), (await api.RetrieveAsync(token, "k")).Headers["ETag"]);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("")]
    [InlineData("TRUE")]
    [InlineData("true&upsert=true")]
    public async Task Another_value_of_upsert_is_refused(string value)
    {
        var token = await api.NewUserTokenAsync();

        var reply = await api.UpdateAsync(token, "k", """{"value":"1"}""", $"?upsert={value}");

        reply.ExpectError("INVALID_PARAMETER");
        (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("\"abc")]
    [InlineData("abc\"")]
    [InlineData("\"a\" \"b\"")]
    [InlineData("*, \"a\"")]
    [InlineData("\"a\", *")]
    [InlineData("w/\"a\"")]
    [InlineData("W/ \"a\"")]
    [InlineData("\"a b\"")]
    [InlineData(",")]
    [InlineData("**")]
    public async Task A_malformed_list_of_tags_is_refused(string tags)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "5");
        foreach (var name in new[] { "If-Match", "If-None-Match" })
        {
            (string, string) header = (name, tags);
            (await api.SendAsync(HttpMethod.Get, "/api/data/k", token, null, header)).ExpectError(
                "INVALID_PARAMETER",
                name
            );
            (await api.UpdateAsync(token, "k", """{"value":"v"}""", "", header)).ExpectError("INVALID_PARAMETER", name);
            (await api.ModifyAsync(token, "k", """{"increment":1}""", header)).ExpectError("INVALID_PARAMETER", name);
            (await api.SendAsync(HttpMethod.Delete, "/api/data/k", token, null, header)).ExpectError(
                "INVALID_PARAMETER",
                name
            );
        }

        Assert.Equal(TagOf("5"), (await api.RetrieveAsync(token, "k")).Headers["ETag"]);
    }

    [Fact]
    public async Task Who_does_not_ask_for_conditions_may_send_anything_to_operations_without_them()
    {
        var token = await api.NewUserTokenAsync();
        var headers = new[] { ("If-Match", "broken"), ("If-None-Match", "broken") };

        (
            await api.SendAsync(
                HttpMethod.Post,
                "/api/data?upsert=7&limit=0",
                token,
                ApiClient.Json("""{"key":"k","value":"v"}"""),
                headers
            )
        ).Expect(HttpStatusCode.Created);
        (await api.SendAsync(HttpMethod.Get, "/api/data?upsert=7", token, null, headers)).Expect(HttpStatusCode.OK);
    }

    private static string TagOf(string value) =>
#pragma warning disable CA5350 // A version, not a secret.
        $"\"{Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(value)))[..32]}\"";
#pragma warning restore CA5350
}
