using System.Net;
using FastKv.Tests.Abuse;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Lifecycle;

public sealed class ListenerTests(ServiceFixture fixture)
{
    [Fact]
    public async Task Each_port_speaks_its_protocol_and_the_management_port_serves_health_only()
    {
        var (http2, management) = (Wait.FreePort(), Wait.FreePort());
        await using var service = await OwnService.StartAsync(
            fixture,
            ("FastKv__Http__Http2Port", $"{http2}"),
            ("FastKv__Http__ManagementPort", $"{management}")
        );
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var token = await service.Api.NewUserTokenAsync();
        (await service.Api.StoreAsync(token, "key", "value")).Expect(HttpStatusCode.Created);

        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{http2}/api/data/key")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Add("Authorization", $"Bearer {token}");
        using var overHttp2 = await client.SendAsync(request, TestContext.Current.CancellationToken);

        var reply = (await Reply.ReadAsync(overHttp2)).Expect(HttpStatusCode.OK);
        Assert.Equal(HttpVersion.Version20, reply.HttpVersion);
        Assert.Equal("value", reply.Json["data"]!["value"]!.GetValue<string>());
        using var managed = new ApiClient(new Uri($"http://127.0.0.1:{management}"));
        (await managed.GetAsync("/health/live")).Expect(HttpStatusCode.OK);
        (await managed.GetAsync("/health/ready")).Expect(HttpStatusCode.OK);
        var refused = (await managed.RetrieveAsync(token, "key")).Expect(HttpStatusCode.NotFound);
        Assert.Equal("NOT_FOUND", refused.Code);
    }

    [Fact]
    public async Task An_HTTP2_client_on_the_HTTP1_port_gets_the_envelope()
    {
        using var connection = await RawConnection.OpenAsync(fixture.Service.Address);

        await connection.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

        var answer = await connection.ReadAsync();
        Assert.Equal(400, answer!.Status);
        Assert.Null(answer.Fault());
    }
}
