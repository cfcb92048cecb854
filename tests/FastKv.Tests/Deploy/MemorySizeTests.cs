using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using k8s.Models;
using Xunit;

namespace FastKv.Tests.Deploy;

/// <summary>
/// The table under "Memory" in docs/operations.md is what the program takes from a container's limit, and the manifests' memory
/// follows from it.
/// </summary>
public sealed partial class MemorySizeTests
{
    private const int MiB = 1024 * 1024;

    /// <summary>MiB: the process at rest.</summary>
    private const int AtRest = 130;

    private static readonly Row[] Rows =
    [
        .. TableRow()
            .Matches(File.ReadAllText(Manifests.RepositoryFile("docs/operations.md")))
            .Select(match => new Row([.. match.Groups.Values.Skip(1).Select(group => Number(group.Value))])),
    ];

    public static TheoryData<int> Limits => [.. Rows.Select(row => row.Limit)];

    [Theory, MemberData(nameof(Limits))]
    public async Task The_program_takes_from_a_limit_what_the_table_says(int limit)
    {
        var row = Rows.Single(row => row.Limit == limit);
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "FastKv.dll"), "--help"])
        {
            RedirectStandardOutput = true,
        };
        // Of a container's limit .NET takes three quarters for its heap; in hexadecimal.
        start.Environment["DOTNET_GCHeapHardLimit"] = ((long)limit * MiB * 3 / 4).ToString(
            "x",
            CultureInfo.InvariantCulture
        );
        using var program = Process.Start(start)!;
        var text = await program.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await program.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(row.LargeValues, Setting("RequestMemoryMiB"));
        Assert.Equal(row.Requests, Setting("MaxConcurrentRequests"));
        Assert.Equal(row.Connections, Setting("MaxConnections"));

        int Setting(string name) => Number(Regex.Match(text, $@"FastKv__Limits__{name} +(\d+)").Groups[1].Value);
    }

    [Fact]
    public void The_sums_of_the_table_are_right()
    {
        Assert.True(Rows.Length >= 3);
        Assert.All(
            Rows,
            row =>
            {
                Assert.Equal(row.Requests * 16 / 1024, row.RequestsMiB);
                Assert.Equal((int)Math.Round(row.Connections * 72 / 1024.0), row.ConnectionsMiB);
                Assert.Equal(AtRest + row.Parts, row.Together);
                Assert.InRange(row.Request, AtRest + row.Parts / 2, AtRest + row.Parts / 2 + 16);
                Assert.InRange(row.Together, 1, row.Limit * 4 / 5);
            }
        );
    }

    [Theory]
    [InlineData("base")]
    [InlineData("overlays/production")]
    public void The_memory_of_the_manifests_is_a_row_of_the_table(string folder)
    {
        var resources = Manifests
            .Parse(Manifests.Render(folder))
            .Of<V1Deployment>()
            .Single()
            .Spec.Template.Spec.Containers.Single()
            .Resources;

        var row = Assert.Single(Rows, row => row.Limit == InMiB(resources.Limits["memory"]));
        Assert.Equal(row.Request, InMiB(resources.Requests["memory"]));
        Assert.Equal(row.HashingMiB, (int)resources.Limits["cpu"].ToDecimal() / 2 * 7);
    }

    private static int InMiB(ResourceQuantity quantity) => (int)(quantity.ToDecimal() / MiB);

    private static int Number(string text) =>
        int.Parse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^\| (\d+) MiB[^|]*\| (\d+) MiB \| ([\d,]+): (\d+) MiB \| ([\d,]+): (\d+) MiB \| (\d+) MiB \| (\d+) MiB \| (\d+) MiB \|$",
        RegexOptions.Multiline
    )]
    private static partial Regex TableRow();

    private sealed record Row(int[] Numbers)
    {
        public int Limit => Numbers[0];
        public int LargeValues => Numbers[1];
        public int Requests => Numbers[2];
        public int RequestsMiB => Numbers[3];
        public int Connections => Numbers[4];
        public int ConnectionsMiB => Numbers[5];
        public int HashingMiB => Numbers[6];
        public int Together => Numbers[7];
        public int Request => Numbers[8];

        public int Parts => LargeValues + RequestsMiB + ConnectionsMiB + HashingMiB;
    }
}
