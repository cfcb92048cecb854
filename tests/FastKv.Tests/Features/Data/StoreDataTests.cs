using System.Net;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

public sealed class StoreDataTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task A_stored_value_is_retrieved()
    {
        var token = await api.NewUserTokenAsync();

        var stored = await api.StoreAsync(token, "unique_key", "data_value");

        stored.Expect(HttpStatusCode.Created);
        Assert.Equal("""{"status":"success","message":"Data stored successfully."}""", stored.Text);
        var retrieved = (await api.RetrieveAsync(token, "unique_key")).Expect(HttpStatusCode.OK);
        Assert.Equal("""{"status":"success","data":{"key":"unique_key","value":"data_value"}}""", retrieved.Text);
    }
}
