using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

public sealed class RetrieveDataTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task An_unknown_key_is_not_found()
    {
        var token = await api.NewUserTokenAsync();

        var reply = (await api.RetrieveAsync(token, "unknown")).ExpectError("KEY_NOT_FOUND");

        Assert.Equal(
            """{"status":"error","code":"KEY_NOT_FOUND","message":"The provided key does not exist in the database."}""",
            reply.Text
        );
    }

    [Fact]
    public async Task Without_a_token_it_is_refused_before_the_key_is_looked_at()
    {
        (await api.GetAsync("/api/data/k")).ExpectError("INVALID_TOKEN");
        (await api.GetAsync("/api/data/%zz")).ExpectError("INVALID_TOKEN");
        (await api.GetAsync("/api/data/")).ExpectError("INVALID_TOKEN");
    }

    [Fact]
    public async Task A_body_is_ignored()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "v");

        foreach (var body in new[] { "{", "{\"key\":\"other\"}", "" })
        {
            var reply = await api.SendAsync(HttpMethod.Get, "/api/data/k", token, ApiClient.Json(body));

            reply.ExpectSuccess(HttpStatusCode.OK, """{"status":"success","data":{"key":"k","value":"v"}}""");
        }
    }

    [Fact]
    public async Task The_answer_escapes_only_what_JSON_must()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "é\"<\\", "🔑/&'+\u007f\u2028\u0001\n");

        (await api.RetrieveAsync(token, "é\"<\\")).ExpectSuccess(
            HttpStatusCode.OK,
            "{\"status\":\"success\",\"data\":{\"key\":\"é\\\"<\\\\\",\"value\":\"🔑/&'+\u007f\u2028\\u0001\\n\"}}"
        );
    }
}
