using System.Net;
using System.Xml.Linq;
using FastKv.Configuration;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Deploy;

/// <summary>The release is named in Directory.Build.props; whatever else names it says the same.</summary>
public sealed class VersionTests(ServiceFixture fixture)
{
    private static readonly string Version = XDocument
        .Load(Manifests.RepositoryFile("Directory.Build.props"))
        .Descendants("Version")
        .Single()
        .Value;

    [Fact]
    public void It_is_that_of_the_assembly()
    {
        // https://semver.org
        Assert.Matches(@"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$", Version);
        Assert.Equal(Version, ServiceVersion.Text);
    }

    [Fact]
    public async Task It_is_what_the_root_says() =>
        Assert.Equal(
            Version,
            (await fixture.Api.GetAsync("/")).Expect(HttpStatusCode.OK).Json["data"]!["version"]!.GetValue<string>()
        );

    [Fact]
    public async Task It_is_that_of_the_OpenAPI_document() =>
        Assert.Equal(
            Version,
            (await fixture.Api.GetAsync("/openapi/v1.json")).Expect(HttpStatusCode.OK).Json["info"]![
                "version"
            ]!.GetValue<string>()
        );

    [Theory]
    [InlineData("Dockerfile", "\nARG VERSION={0}\n")]
    [InlineData("Dockerfile", "-p:Version=\"$VERSION\"")]
    [InlineData("Dockerfile", "org.opencontainers.image.version=\"$VERSION\"")]
    [InlineData("k8s/overlays/production/kustomization.yaml", "newTag: {0}\n")]
    [InlineData("CHANGELOG.md", "\n## [{0}]")]
    public void It_is_in(string file, string text) =>
        Assert.Contains(
            text.Replace("{0}", Version, StringComparison.Ordinal),
            File.ReadAllText(Manifests.RepositoryFile(file)),
            StringComparison.Ordinal
        );
}
