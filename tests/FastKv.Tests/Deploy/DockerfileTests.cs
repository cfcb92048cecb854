using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FastKv.Configuration;
using k8s.Models;
using Xunit;

namespace FastKv.Tests.Deploy;

/// <summary>What of the Dockerfile can be seen without building it; <c>.ci/container</c> builds and runs it.</summary>
public sealed partial class DockerfileTests
{
    private static readonly string[][] Instructions =
    [
        .. File.ReadAllText(Manifests.RepositoryFile("Dockerfile"))
            .Replace("\\\n", " ", StringComparison.Ordinal)
            .Split('\n')
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
    ];

    private static IEnumerable<string[]> LastStage =>
        Instructions.Skip(Array.FindLastIndex(Instructions, instruction => instruction[0] == "FROM"));

    [Fact]
    public void The_base_images_are_the_ones_of_this_release_of_dotnet()
    {
        var images = Instructions
            .Where(i => i[0] == "ARG" && i[1].Contains("_IMAGE=", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(
            [
                "SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0",
                "RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled",
            ],
            images.Select(image => image[1])
        );
    }

    /// <summary>Empty until .ci/base-images has asked the registry; never half of one, and never two different ones.</summary>
    [Fact]
    public void Base_images_can_be_pinned_by_digest_in_both_ways_of_making_the_image()
    {
        var digests = Instructions
            .Where(i => i[0] == "ARG" && i[1].Contains("_DIGEST=", StringComparison.Ordinal))
            .ToList();
        var project = File.ReadAllText(Manifests.RepositoryFile("src/FastKv/FastKv.csproj"));

        Assert.Equal(["SDK_DIGEST", "RUNTIME_DIGEST"], digests.Select(digest => digest[1].Split('=')[0]));
        Assert.All(digests, digest => Assert.Matches("=(sha256:[0-9a-f]{64})?$", digest[1]));
        Assert.Contains(
            $"<RuntimeImageDigest>{digests[1][1].Split('=')[1]}</RuntimeImageDigest>",
            project,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled@$(RuntimeImageDigest)",
            project,
            StringComparison.Ordinal
        );
        Assert.Equal(
            ["${SDK_IMAGE}${SDK_DIGEST:+@$SDK_DIGEST}", "${RUNTIME_IMAGE}${RUNTIME_DIGEST:+@$RUNTIME_DIGEST}"],
            Instructions
                .Where(i => i[0] == "FROM")
                .Select(from => from.First(word => word.StartsWith("${", StringComparison.Ordinal)))
        );
    }

    /// <summary>https://github.com/opencontainers/image-spec/blob/main/annotations.md</summary>
    [Fact]
    public void The_labels_are_those_of_the_OCI()
    {
        var labels = Label()
            .Matches(File.ReadAllText(Manifests.RepositoryFile("Dockerfile")))
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        var project = File.ReadAllText(Manifests.RepositoryFile("src/FastKv/FastKv.csproj"));

        Assert.Equal(
            [
                "base.digest",
                "base.name",
                "created",
                "description",
                "documentation",
                "licenses",
                "revision",
                "source",
                "title",
                "url",
                "vendor",
                "version",
            ],
            labels.Keys.Order(StringComparer.Ordinal)
        );
        Assert.Contains($"<Title>{labels["title"]}</Title>", project, StringComparison.Ordinal);
        Assert.Contains($"<Description>{labels["description"]}</Description>", project, StringComparison.Ordinal);
        Assert.Contains(
            $"<PackageLicenseExpression>{labels["licenses"]}</PackageLicenseExpression>",
            project,
            StringComparison.Ordinal
        );
        var given = labels.Values.Where(value => value.StartsWith('$')).Select(value => value[1..]);
        Assert.All(given, name => Assert.Contains(LastStage, i => i[0] == "ARG" && i[1].Split('=')[0] == name));
    }

    [Fact]
    public async Task The_image_that_the_SDK_makes_has_the_labels_too()
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [
                "msbuild",
                Manifests.RepositoryFile("src/FastKv/FastKv.csproj"),
                "-t:ComputeContainerConfig",
                "-p:Configuration=Release",
                "-p:EmbeddedStore=false",
                $"-p:RuntimeIdentifier={RuntimeInformation.RuntimeIdentifier}",
                "-p:ContainerVendor=Example",
                "-p:SourceRevisionId=4711",
                "-getItem:ContainerLabel",
                "-getProperty:ContainerBaseImage,ContainerImageTags",
            ]
        )
        {
            RedirectStandardOutput = true,
        };
        using var build = Process.Start(start)!;
        var output = await build.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await build.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(build.ExitCode == 0, output);

        var result = JsonNode.Parse(output)!;
        var labels = result["Items"]!["ContainerLabel"]!
            .AsArray()
            .ToDictionary(
                label => label!["Identity"]!.GetValue<string>(),
                label => label!["Value"]!.GetValue<string>()
            );
        const string prefix = "org.opencontainers.image.";
        Assert.Equal(ServiceVersion.Text, labels[$"{prefix}version"]);
        Assert.Equal("FastKv", labels[$"{prefix}title"]);
        Assert.Equal("MIT", labels[$"{prefix}licenses"]);
        Assert.Equal("Users and their key-value data over HTTP, kept in Redis", labels[$"{prefix}description"]);
        Assert.Equal("4711", labels[$"{prefix}revision"]);
        Assert.Equal("Example", labels[$"{prefix}vendor"]);
        Assert.Equal(result["Properties"]!["ContainerBaseImage"]!.GetValue<string>(), labels[$"{prefix}base.name"]);
        Assert.Contains($"{prefix}created", labels.Keys);
        Assert.DoesNotContain($"{prefix}authors", labels.Keys);
        Assert.Equal($"{ServiceVersion.Text};latest", result["Properties"]!["ContainerImageTags"]!.GetValue<string>());
    }

    [Fact]
    public void The_user_is_the_number_that_the_manifests_run_it_as()
    {
        var pod = Manifests
            .Parse(Manifests.Render("base"))
            .Of<V1Deployment>()
            .Single()
            .Spec.Template.Spec.SecurityContext;
        Assert.Equal($"{pod.RunAsUser}:{pod.RunAsGroup}", LastStage.Single(i => i[0] == "USER")[1]);
    }

    [Fact]
    public void Nothing_is_started_through_a_shell()
    {
        Assert.StartsWith("[", LastStage.Single(i => i[0] == "ENTRYPOINT")[1], StringComparison.Ordinal);
        Assert.DoesNotContain(LastStage, i => i[0] is "RUN" or "CMD" or "HEALTHCHECK");
    }

    [Fact]
    public void What_is_copied_is_there_and_not_ignored()
    {
        var ignored = File.ReadAllLines(Manifests.RepositoryFile(".dockerignore"));
        var copied = Instructions
            .Where(i => i[0] == "COPY" && !i[1].StartsWith("--", StringComparison.Ordinal))
            .SelectMany(i => i[1..^1])
            .ToList();

        Assert.NotEmpty(copied);
        Assert.Contains("*", ignored);
        Assert.All(
            copied,
            path =>
            {
                Assert.True(Path.Exists(Manifests.RepositoryFile(path)), $"{path} is not there");
                Assert.Contains(
                    ignored,
                    line => line[0] == '!' && path.StartsWith(line[1..], StringComparison.Ordinal)
                );
            }
        );
    }

    [Fact]
    public void The_packages_are_restored_before_the_sources_are_copied()
    {
        var restore = Array.FindIndex(Instructions, i => i[0] == "RUN" && i[2] == "restore");
        var sources = Array.FindIndex(Instructions, i => i[0] == "COPY" && i[1] == "src/FastKv/");
        Assert.InRange(restore, 0, sources);
    }

    [Fact]
    public void Nothing_of_the_image_is_a_secret() =>
        Assert.DoesNotContain(
            Instructions.Where(i => i[0] is "ENV" or "ARG" or "LABEL").SelectMany(i => i),
            word =>
                word.Contains("SigningKey", StringComparison.Ordinal)
                || word.Contains("ConnectionStrings", StringComparison.Ordinal)
        );

    [GeneratedRegex("org\\.opencontainers\\.image\\.([a-z.]+)=\"([^\"]*)\"")]
    private static partial Regex Label();
}
