using k8s.Models;
using Xunit;

namespace FastKv.Tests.Deploy;

/// <summary>What of the Dockerfile can be seen without building it; <c>.ci/container</c> builds and runs it.</summary>
public sealed class DockerfileTests
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
        var images = Instructions.Where(i => i[0] == "ARG" && i[1].Contains('/', StringComparison.Ordinal)).ToList();
        Assert.Equal(
            [
                "SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0",
                "RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled",
            ],
            images.Select(image => image[1])
        );
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
}
