using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FastKv.Tests.Harness;

/// <summary>A certificate that signs itself, for <c>localhost</c> and 127.0.0.1; trusted where it is the authority.</summary>
internal static class TlsCertificate
{
    /// <summary>Makes one.</summary>
    /// <param name="directory">Where its files go.</param>
    /// <param name="validFor">How long from now on; negative for one that has expired.</param>
    /// <returns>The paths of the certificate and of its key, in PEM.</returns>
    public static (string Certificate, string Key) WriteTo(string directory, TimeSpan? validFor = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow + (validFor ?? TimeSpan.FromHours(1))
        );
        var files = (Path.Combine(directory, "redis.crt"), Path.Combine(directory, "redis.key"));
        File.WriteAllText(files.Item1, certificate.ExportCertificatePem());
        File.WriteAllText(files.Item2, key.ExportPkcs8PrivateKeyPem());
        return files;
    }

    /// <summary>The arguments with which redis-server speaks TLS with it on a port.</summary>
    public static string[] RedisArguments(int port, (string Certificate, string Key) files) =>
        [
            "--tls-port",
            $"{port}",
            "--tls-cert-file",
            files.Certificate,
            "--tls-key-file",
            files.Key,
            "--tls-ca-cert-file",
            files.Certificate,
            "--tls-auth-clients",
            "no",
        ];
}
