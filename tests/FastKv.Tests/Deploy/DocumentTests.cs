using System.Reflection;
using System.Text.RegularExpressions;
using FastKv.Admin;
using FastKv.Api;
using FastKv.Configuration;
using Xunit;

namespace FastKv.Tests.Deploy;

/// <summary>What the documents name is there, and what there is to know of settings and errors is in them.</summary>
public sealed partial class DocumentTests
{
    private static readonly string[] Pages =
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "docs/api.md",
        "docs/clients.md",
        "docs/settings.md",
        "docs/operations.md",
        "docs/kubernetes.md",
        "docs/runbook.md",
        "docs/admin.md",
        "docs/reliability.md",
        "docs/security.md",
        "docs/performance.md",
        "docs/design.md",
    ];

    public static TheoryData<string> AllPages => [.. Pages];

    [Theory, MemberData(nameof(AllPages))]
    public void A_link_leads_to_a_page_and_a_heading_that_exist(string page) =>
        Assert.All(
            Link().Matches(Read(page)).Select(match => match.Groups[1].Value),
            target =>
            {
                var parts = target.Split('#');
                var folder = Path.GetDirectoryName(page)!;
                var path = parts[0].Length == 0 ? page : Path.GetRelativePath(".", Path.Combine(folder, parts[0]));
                Assert.True(File.Exists(Manifests.RepositoryFile(path)), $"{page} links to {target}");
                if (parts.Length > 1)
                {
                    Assert.Contains(
                        parts[1],
                        Heading().Matches(Read(path)).Select(heading => Anchor(heading.Groups[1].Value))
                    );
                }
            }
        );

    [Theory, MemberData(nameof(AllPages))]
    public void A_setting_that_is_named_exists(string page) =>
        Assert.All(
            Variable().Matches(Read(page)).Select(match => match.Value),
            name =>
                Assert.True(
                    Settings.Exists(name)
                        || Settings.HasGroup(name.Split("__")[1]) && name.EndsWith("__", StringComparison.Ordinal),
                    $"{page} names {name}"
                )
        );

    [Fact]
    public void Every_setting_is_in_the_table()
    {
        var table = Read("docs/settings.md");
        var members = typeof(Setting)
            .Assembly.GetTypes()
            .Where(type => type.Namespace?.StartsWith(nameof(FastKv), StringComparison.Ordinal) == true)
            .Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && Settings.HasGroup(GroupOf(type)))
            .SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            .Where(property => property.CanWrite)
            .Select(property => property.Name)
            .ToArray();
        Assert.True(members.Length > 25);

        Assert.All(members, name => Assert.Contains($"__{name}", table, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_finding_of_a_check_is_explained()
    {
        var page = Read("docs/admin.md");
        Assert.All(
            FindingKind.All,
            kind =>
                Assert.Matches(
                    $@"\| `{kind.Name}` \|[^\n|]*\| {(kind.Repair is null ? "nothing" : "(?!nothing)")}",
                    page
                )
        );
    }

    [Fact]
    public void Every_error_is_explained()
    {
        var page = Read("docs/api.md");
        Assert.All(
            ApiError.All,
            error =>
            {
                Assert.Contains(error.Code, page, StringComparison.Ordinal);
                Assert.Matches($@"{error.Status}[^|\n]*{error.Code}", page);
            }
        );
    }

    [Theory]
    [InlineData("docs/reliability.md")]
    [InlineData("docs/security.md")]
    [InlineData("docs/operations.md")]
    [InlineData("docs/kubernetes.md")]
    public void A_test_that_is_named_exists(string page)
    {
        var tests = typeof(DocumentTests).Assembly.GetTypes().Where(type => type.IsClass).ToLookup(type => type.Name);
        Assert.All(
            NamedTest()
                .Matches(Read(page))
                .Select(match => (Class: match.Groups[1].Value, Method: match.Groups[2].Value)),
            named =>
            {
                Assert.True(tests.Contains(named.Class), $"{page} names {named.Class}");
                Assert.True(
                    named.Method.Length == 0
                        || tests[named.Class].Any(type => type.GetMethod(named.Method) is not null),
                    $"{page} names {named.Class}.{named.Method}"
                );
            }
        );
    }

    [Fact]
    public void The_README_is_one_page() => Assert.InRange(Read("README.md").Split('\n').Length, 50, 132);

    private static string GroupOf(Type options)
    {
        var name = options.Name[..^"Options".Length];
        return Settings.HasGroup(name) ? name : $"{name}s";
    }

    private static string Read(string page) => File.ReadAllText(Manifests.RepositoryFile(page));

    // As the usual renderers of Markdown make it.
    private static string Anchor(string heading) =>
        NotInAnchor().Replace(heading.Trim().ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"\]\((?!https?:)([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"FastKv__[A-Za-z0-9]+__[A-Za-z0-9_]*")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\b([A-Z][A-Za-z0-9]+Tests)(?:\.([A-Za-z0-9_]+))?")]
    private static partial Regex NamedTest();

    [GeneratedRegex(@"[^a-z0-9 _-]")]
    private static partial Regex NotInAnchor();
}
