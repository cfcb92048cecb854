using System.Diagnostics;
using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

/// <summary>Entries that expire: the member <c>expires_in</c>, and what is seen of it.</summary>
public sealed class ExpiryTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Theory]
    [InlineData("", null)]
    [InlineData(""","expires_in":null""", null)]
    [InlineData(""","expires_in":60""", 60L)]
    [InlineData(""","expires_in":60.0""", 60L)]
    [InlineData(""","expires_in":6e1""", 60L)]
    [InlineData(""","expires_in":1""", 1L)]
    [InlineData(""","expires_in":315360000""", 315_360_000L)]
    [InlineData(""","expires_in":5,"expires_in":60""", 60L)]
    public async Task A_new_entry_expires_as_it_says(string member, long? expected)
    {
        var token = await api.NewUserTokenAsync();

        (await api.PostTextAsync("/api/data", $$"""{"key":"k","value":"v"{{member}}}""", token)).ExpectSuccess(
            HttpStatusCode.Created,
            """{"status":"success","message":"Data stored successfully."}"""
        );

        await ExpectLeftAsync(token, "k", expected);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("0.5")]
    [InlineData("59.999999999999999999999")]
    [InlineData("1.0000000000000000000000001")]
    [InlineData("315360001")]
    [InlineData("1e9")]
    [InlineData("1e400")]
    [InlineData("9999999999999999999999999")]
    [InlineData("\"60\"")]
    [InlineData("true")]
    [InlineData("[60]")]
    [InlineData("{}")]
    public async Task What_is_no_expiry_is_refused_and_writes_nothing(string number)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "there", "v");

        (
            await api.PostTextAsync("/api/data", $$"""{"key":"k","value":"v","expires_in":{{number}}}""", token)
        ).ExpectError("INVALID_EXPIRY", "expires_in");
        (await api.UpdateAsync(token, "there", $$"""{"value":"w","expires_in":{{number}}}""", "")).ExpectError(
            "INVALID_EXPIRY",
            "expires_in"
        );
        (await api.ModifyAsync(token, "there", $$"""{"expires_in":{{number}}}""")).ExpectError(
            "INVALID_EXPIRY",
            "expires_in"
        );

        (await api.RetrieveAsync(token, "k")).ExpectError("KEY_NOT_FOUND");
        Assert.Contains("\"v\"", (await api.RetrieveAsync(token, "there")).Text, StringComparison.Ordinal);
        await ExpectLeftAsync(token, "there", null);
    }

    [Fact]
    public async Task All_problems_are_told_and_the_code_is_that_of_the_first()
    {
        var token = await api.NewUserTokenAsync();

        (
            await api.SendAsync(
                HttpMethod.Post,
                "/api/data",
                token,
                ApiClient.Json("""{"key":"","value":"","expires_in":0}"""),
                ("Idempotency-Key", "a b")
            )
        ).ExpectError("INVALID_KEY", "key", "value", "expires_in", "Idempotency-Key");
        (
            await api.UpdateAsync(
                token,
                "k",
                """{"value":"v","expires_in":"soon"}""",
                "?upsert=yes",
                ("If-Match", "broken")
            )
        ).ExpectError("INVALID_EXPIRY", "If-Match", "expires_in", "upsert");
    }

    [Fact]
    public async Task An_update_keeps_changes_or_removes_the_expiry()
    {
        var token = await api.NewUserTokenAsync();
        await api.PostTextAsync("/api/data", """{"key":"k","value":"v","expires_in":1000}""", token);

        await UpdateAsync("""{"value":"w"}""", 1000);
        await UpdateAsync("""{"value":"w","expires_in":50}""", 50);
        await UpdateAsync("""{"value":"w","expires_in":null}""", null);
        await UpdateAsync("""{"value":"w"}""", null);
        await UpdateAsync("""{"value":"w","expires_in":70}""", 70);

        async Task UpdateAsync(string body, long? expected)
        {
            (await api.UpdateAsync(token, "k", body, "")).Expect(HttpStatusCode.OK);
            await ExpectLeftAsync(token, "k", expected);
        }
    }

    [Fact]
    public async Task From_its_moment_on_an_entry_does_not_exist()
    {
        var token = await api.NewUserTokenAsync();
        foreach (var key in new[] { "a", "b", "c", "d", "e", "f" })
        {
            await api.PostTextAsync("/api/data", $$"""{"key":"{{key}}","value":"7","expires_in":1}""", token);
        }

        await Wait.UntilAsync(
            "they have expired",
            async () => (await api.RetrieveAsync(token, "f")).Status == HttpStatusCode.NotFound
        );

        Assert.Empty(await api.ListAllAsync(token));
        (await api.RetrieveAsync(token, "a")).ExpectError("KEY_NOT_FOUND");
        (await api.GetAsync("/api/data/a?include=expires_in", token)).ExpectError("KEY_NOT_FOUND");
        (await api.UpdateAsync(token, "a", "v")).ExpectError("KEY_NOT_FOUND");
        (await api.DeleteAsync(token, "a")).ExpectError("KEY_NOT_FOUND");
        (await api.ModifyAsync(token, "a", """{"increment":1}""")).ExpectError("KEY_NOT_FOUND");
        (await api.ModifyAsync(token, "a", """{"expires_in":60}""")).ExpectError("KEY_NOT_FOUND");
        (await api.UpdateAsync(token, "b", """{"value":"v"}""", "?upsert=true")).Expect(HttpStatusCode.Created);
        (await api.StoreAsync(token, "c", "v")).Expect(HttpStatusCode.Created);
        (await api.ModifyAsync(token, "d", """{"increment":1,"create":true}""")).ExpectSuccess(
            HttpStatusCode.Created,
            """{"status":"success","message":"Data modified successfully.","data":{"value":"1"}}"""
        );
        Assert.Equal(["b", "c", "d"], await api.ListAllAsync(token));
        await ExpectLeftAsync(token, "c", null);
        await ExpectLeftAsync(token, "d", null);
    }

    [Theory]
    [InlineData("?include=expires_in", true)]
    [InlineData("?include=expires_in&unknown=1", true)]
    [InlineData("?unknown=include", false)]
    public async Task The_seconds_left_are_told_to_who_asks_for_them(string query, bool told)
    {
        var token = await api.NewUserTokenAsync();
        await api.PostTextAsync("/api/data", """{"key":"k","value":"v","expires_in":86400}""", token);

        var reply = (await api.GetAsync("/api/data/k" + query, token)).Expect(HttpStatusCode.OK).ExpectWholeJson();

        Assert.Equal(told, reply.Json["data"]!.AsObject().ContainsKey("expires_in"));
        Assert.Equal(told, !reply.Headers.ContainsKey("ETag"));
        Assert.Equal("no-cache, private", reply.Headers["Cache-Control"]);
    }

    [Theory]
    [InlineData("?include=")]
    [InlineData("?include=etag")]
    [InlineData("?include=Expires_In")]
    [InlineData("?include")]
    [InlineData("?include=expires_in&include=expires_in")]
    public async Task Another_thing_to_include_is_refused(string query)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "v");

        var reply = await api.GetAsync("/api/data/k" + query, token);

        reply.ExpectError("INVALID_PARAMETER");
        Assert.Contains("include", reply.DetailFields());
    }

    [Fact]
    public async Task A_large_value_is_told_with_its_expiry_too()
    {
        var token = await api.NewUserTokenAsync();
        var value = new string('x', 1024 * 1024);
        await api.PostTextAsync("/api/data", $$"""{"key":"k","value":"{{value}}","expires_in":500}""", token);

        var data = (await api.GetAsync("/api/data/k?include=expires_in", token)).Expect(HttpStatusCode.OK).Json[
            "data"
        ]!;

        Assert.Equal(value, data["value"]!.GetValue<string>());
        Assert.InRange(data["expires_in"]!.GetValue<long>(), 400, 500);
    }

    /// <summary>Whole seconds, rounded up, less what has passed since.</summary>
    private async Task ExpectLeftAsync(string token, string key, long? expected)
    {
        var begun = Stopwatch.GetTimestamp();
        var reply = await api.GetAsync($"/api/data/{key}?include=expires_in", token);
        if (expected == 1 && reply.Status == HttpStatusCode.NotFound)
        {
            return;
        }

        var left = reply.Expect(HttpStatusCode.OK).Json["data"]!["expires_in"];
        if (expected is null)
        {
            Assert.Null(left);
        }
        else
        {
            Assert.InRange(left!.GetValue<long>(), expected.Value - 20, expected.Value);
            Assert.True(left.GetValue<long>() > 0 || Stopwatch.GetElapsedTime(begun).TotalSeconds > 0.5);
        }
    }
}
