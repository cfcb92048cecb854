using FastKv.Tests.Faults;
using FastKv.Tests.Harness;
using Xunit;
using static FastKv.Tests.Redis.Diagnosis;

namespace FastKv.Tests.Redis;

/// <summary>What an operator is told when a Redis behind TLS can't be used.</summary>
public sealed class RedisTlsDiagnosticsTests
{
    [Theory]
    [InlineData("TlsRequired", "ssl=false,password=hunter2", true)]
    [InlineData("UntrustedCertificate", "ssl=true,password=hunter2", false)]
    [InlineData("WrongCertificateName", "ssl=true,sslHost=other,password=hunter2", true)]
    [InlineData("CertificateExpired", "ssl=true,password=hunter2", true, -1)]
    [InlineData("ClientCertificateRequired", "ssl=true,password=hunter2", true, 1, "yes")]
    [InlineData("ClientCertificateRequired", "ssl=true,sslProtocols=Tls12,password=hunter2", true, 1, "yes")]
    [InlineData("TlsFailed", "ssl=true,sslProtocols=Tls12,password=hunter2", true, 1, "no", "TLSv1.3")]
    [InlineData("WrongPassword", "ssl=true,password=hunter2", true)]
    public async Task A_Redis_with_TLS(
        string cause,
        string options,
        bool isTrusted,
        int validHours = 1,
        string asksClients = "no",
        string protocols = "TLSv1.2 TLSv1.3"
    )
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        using var directory = new TemporaryDirectory();
        var files = TlsCertificate.WriteTo(directory.Path, TimeSpan.FromHours(validHours));
        var port = Wait.FreePort();
        await using var redis = await RedisServer.StartAsync([
            .. TlsCertificate.RedisArguments(port, files),
            "--tls-auth-clients",
            asksClients,
            "--tls-protocols",
            protocols,
            "--requirepass",
            "other",
        ]);
        await ExpectAsync(
            cause,
            $"127.0.0.1:{port},{options}",
            // As an authority of the machine, and as the one that StackExchange.Redis is told of.
            ("SSL_CERT_FILE", isTrusted && options.Contains("Tls12") ? files.Certificate : null),
            ("SERedis_IssuerCertPath", isTrusted ? files.Certificate : null)
        );
    }
}
