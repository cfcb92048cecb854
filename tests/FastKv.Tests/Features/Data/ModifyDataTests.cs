using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

public sealed class ModifyDataTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Theory]
    [InlineData("42", "5", "47")]
    [InlineData("0", "0", "0")]
    [InlineData("1", "-3", "-2")]
    [InlineData("-3", "3", "0")]
    [InlineData("5", "2.0", "7")]
    [InlineData("5", "2e1", "25")]
    [InlineData("5", "20e-1", "7")]
    [InlineData("5", "-0", "5")]
    [InlineData("9007199254740993", "2", "9007199254740995")]
    [InlineData("9223372036854775806", "1", "9223372036854775807")]
    [InlineData("-9223372036854775807", "-1", "-9223372036854775808")]
    [InlineData("9223372036854775807", "-9223372036854775808", "-1")]
    [InlineData("0", "9223372036854775807", "9223372036854775807")]
    [InlineData("0", "9223372036854775807.000", "9223372036854775807")]
    public async Task A_number_is_added(string value, string increment, string sum)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", value);

        (await api.ModifyAsync(token, "k", $$"""{"increment":{{increment}}}""")).ExpectSuccess(
            HttpStatusCode.OK,
            $$$"""{"status":"success","message":"Data modified successfully.","data":{"value":"{{{sum}}}"}}"""
        );

        Assert.Equal(sum, await ValueAsync(token, "k"));
    }

    [Theory]
    [InlineData("+5")]
    [InlineData("05")]
    [InlineData(" 5")]
    [InlineData("5 ")]
    [InlineData("5.0")]
    [InlineData("-0")]
    [InlineData("-")]
    [InlineData("--1")]
    [InlineData("1e3")]
    [InlineData("0x10")]
    [InlineData("a")]
    [InlineData("٣")]
    [InlineData("9223372036854775808")]
    [InlineData("-9223372036854775809")]
    [InlineData("99999999999999999999")]
    [InlineData("123456789012345678901234567890")]
    public async Task A_value_that_is_no_number_of_64_bits_is_left_as_it_is(string value)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", value);

        (await api.ModifyAsync(token, "k", """{"increment":1}""")).ExpectError("VALUE_NOT_INTEGER");
        (await api.ModifyAsync(token, "k", """{"increment":1,"create":true}""")).ExpectError("VALUE_NOT_INTEGER");

        Assert.Equal(value, await ValueAsync(token, "k"));
    }

    [Theory]
    [InlineData("9223372036854775807", "1")]
    [InlineData("1", "9223372036854775807")]
    [InlineData("-9223372036854775808", "-1")]
    [InlineData("-1", "-9223372036854775808")]
    public async Task A_sum_beyond_64_bits_is_refused(string value, string increment)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", value);

        (await api.ModifyAsync(token, "k", $$"""{"increment":{{increment}}}""")).ExpectError("VALUE_NOT_INTEGER");

        Assert.Equal(value, await ValueAsync(token, "k"));
    }

    [Fact]
    public async Task An_absent_key_is_not_found_or_counts_as_0_for_who_says_so()
    {
        var token = await api.NewUserTokenAsync();

        (await api.ModifyAsync(token, "k", """{"increment":5}""")).ExpectError("KEY_NOT_FOUND");
        (await api.ModifyAsync(token, "k", """{"increment":5,"create":false}""")).ExpectError("KEY_NOT_FOUND");
        (await api.ModifyAsync(token, "k", """{"increment":5,"create":true}""")).ExpectSuccess(
            HttpStatusCode.Created,
            """{"status":"success","message":"Data modified successfully.","data":{"value":"5"}}"""
        );
        (await api.ModifyAsync(token, "k", """{"increment":5,"create":true}""")).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","message":"Data modified successfully.","data":{"value":"10"}}"""
        );
        Assert.Equal(["k"], await api.ListAllAsync(token));
    }

    [Fact]
    public async Task A_counter_that_is_created_expires_and_one_that_exists_keeps_its_own_expiry()
    {
        var token = await api.NewUserTokenAsync();

        (await api.ModifyAsync(token, "k", """{"increment":1,"create":true,"expires_in":100}""")).Expect(
            HttpStatusCode.Created
        );
        Assert.InRange((await LeftAsync(token, "k"))!.Value, 50, 100);
        (await api.ModifyAsync(token, "k", """{"increment":1,"create":true,"expires_in":5000}""")).Expect(
            HttpStatusCode.OK
        );
        (await api.ModifyAsync(token, "k", """{"increment":1,"expires_in":null}""")).Expect(HttpStatusCode.OK);
        Assert.InRange((await LeftAsync(token, "k"))!.Value, 50, 100);
        Assert.Equal("3", await ValueAsync(token, "k"));
    }

    [Fact]
    public async Task An_expiry_alone_leaves_the_value_as_it_is()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "no number");

        (await api.ModifyAsync(token, "k", """{"expires_in":100}""")).ExpectSuccess(
            HttpStatusCode.OK,
            """{"status":"success","message":"Data modified successfully."}"""
        );
        Assert.InRange((await LeftAsync(token, "k"))!.Value, 50, 100);
        (await api.ModifyAsync(token, "k", """{"expires_in":null}""")).Expect(HttpStatusCode.OK);
        Assert.Null(await LeftAsync(token, "k"));
        Assert.Equal("no number", await ValueAsync(token, "k"));
        (await api.ModifyAsync(token, "missing", """{"expires_in":100}""")).ExpectError("KEY_NOT_FOUND");
    }

    [Theory]
    [InlineData("""{"increment":"5"}""", "INVALID_VALUE", "increment")]
    [InlineData("""{"increment":0.5}""", "INVALID_VALUE", "increment")]
    [InlineData("""{"increment":1.00000000000000000001}""", "INVALID_VALUE", "increment")]
    [InlineData("""{"increment":9223372036854775808}""", "INVALID_VALUE", "increment")]
    [InlineData("""{"increment":1e19}""", "INVALID_VALUE", "increment")]
    [InlineData("""{"increment":1e999999999999999999999}""", "INVALID_VALUE", "increment")]
    [InlineData("""{"increment":null}""", "INVALID_VALUE", "increment")]
    [InlineData("""{"increment":true}""", "INVALID_VALUE", "increment")]
    [InlineData("""{"increment":[5]}""", "INVALID_VALUE", "increment")]
    [InlineData("""{"increment":1,"create":"yes"}""", "INVALID_REQUEST", "create")]
    [InlineData("""{"increment":1,"create":1}""", "INVALID_REQUEST", "create")]
    [InlineData("""{"increment":1,"create":null}""", "INVALID_REQUEST", "create")]
    [InlineData("""{"increment":1,"expires_in":0}""", "INVALID_EXPIRY", "expires_in")]
    [InlineData("{}", "INVALID_REQUEST", "body")]
    [InlineData("""{"create":true}""", "INVALID_REQUEST", "body")]
    [InlineData("[]", "INVALID_REQUEST", "body")]
    public async Task What_is_malformed_is_refused_and_changes_nothing(string body, string code, string field)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "5");

        (await api.ModifyAsync(token, "k", body)).ExpectError(code, field);

        Assert.Equal("5", await ValueAsync(token, "k"));
    }

    [Fact]
    public async Task Errors_are_decided_in_the_order_of_the_contract()
    {
        var token = await api.NewUserTokenAsync();

        (await api.SendAsync(HttpMethod.Patch, "/api/data/..", null, ApiClient.Json("{}"))).ExpectError(
            "INVALID_TOKEN"
        );
        (await api.SendAsync(HttpMethod.Patch, "/api/data/..", token, ApiClient.Json("{}"))).ExpectError("INVALID_KEY");
        (
            await api.ModifyAsync(token, "k", """{"increment":"5","create":7,"expires_in":-1}""", ("If-Match", "x"))
        ).ExpectError("INVALID_REQUEST", "If-Match", "increment", "create", "expires_in");
        (await api.ModifyAsync(token, "k", """{"increment":"5","expires_in":-1}""", ("If-Match", "x"))).ExpectError(
            "INVALID_VALUE",
            "If-Match",
            "increment",
            "expires_in"
        );
        (await api.ModifyAsync(token, "k", """{"increment":5,"expires_in":-1}""", ("If-Match", "x"))).ExpectError(
            "INVALID_EXPIRY",
            "If-Match",
            "expires_in"
        );
        (await api.ModifyAsync(token, "k", """{"increment":5}""", ("If-Match", "x"))).ExpectError("INVALID_PARAMETER");
        await api.StoreAsync(token, "k", "text");
        (await api.ModifyAsync(token, "k", """{"increment":5}""", ("If-Match", "\"x\""))).ExpectError(
            "PRECONDITION_FAILED"
        );
    }

    [Fact]
    public async Task A_body_of_a_megabyte_is_too_large()
    {
        var token = await api.NewUserTokenAsync();

        (await api.ModifyAsync(token, "k", $$"""{"increment":1,"x":"{{new string('x', 1024 * 1024)}}"}""")).ExpectError(
            "PAYLOAD_TOO_LARGE"
        );
    }

    private async Task<string> ValueAsync(string token, string key) =>
        (await api.RetrieveAsync(token, key)).Expect(HttpStatusCode.OK).Json["data"]!["value"]!.GetValue<string>();

    private async Task<long?> LeftAsync(string token, string key) =>
        (await api.GetAsync($"/api/data/{key}?include=expires_in", token)).Expect(HttpStatusCode.OK).Json["data"]!
            ["expires_in"]
            ?.GetValue<long>();
}
