using FastKv.Redis;
using NetArchTest.Rules;
using Xunit;

namespace FastKv.Tests.Architecture;

/// <summary>Folders point one way: Program → Features → Auth → Api, Redis, Telemetry.</summary>
public sealed class FolderTests
{
    private const string Root = "FastKv.";

    [Theory]
    [InlineData("Features.Users", "Features.Tokens", "Features.Data", "Health")]
    [InlineData("Features.Tokens", "Features.Users", "Features.Data", "Health")]
    [InlineData("Features.Data", "Features.Users", "Features.Tokens", "Health")]
    [InlineData("Features", "Admin")]
    [InlineData("Health", "Admin")]
    [InlineData("Server", "Features", "Health", "Admin")]
    [InlineData("Auth", "Features", "Health", "Server")]
    [InlineData("Api", "Features", "Auth", "Health", "Server")]
    [InlineData("Redis", "Features", "Auth", "Api", "Health", "Server")]
    [InlineData("Telemetry", "Features", "Auth", "Api", "Redis", "Health", "Server")]
    [InlineData("Configuration", "Features", "Auth", "Api", "Redis", "Health", "Server", "Telemetry")]
    public void A_folder_does_not_know(string folder, params string[] others)
    {
        var types = Types.InAssembly(typeof(RedisKeys).Assembly).That().ResideInNamespace(Root + folder);
        Assert.NotEmpty(types.GetTypes());

        var result = types.ShouldNot().HaveDependencyOnAny([.. others.Select(other => Root + other)]).GetResult();

        Assert.True(result.IsSuccessful, $"{folder} must not know {string.Join(", ", result.FailingTypeNames ?? [])}");
    }

    [Fact]
    public void Of_Redis_Api_knows_only_the_outages()
    {
        var rest = Types
            .InAssembly(typeof(RedisKeys).Assembly)
            .That()
            .ResideInNamespace(Root + "Redis")
            .GetTypes()
            .Select(type => type.FullName!)
            .Except([
                typeof(StoreUnavailableException).FullName!,
                typeof(StoreBusyException).FullName!,
                typeof(OutcomeUnknownException).FullName!,
            ])
            .ToArray();
        Assert.NotEmpty(rest);

        var result = Types
            .InAssembly(typeof(RedisKeys).Assembly)
            .That()
            .ResideInNamespace(Root + "Api")
            .ShouldNot()
            .HaveDependencyOnAny(rest)
            .GetResult();

        Assert.True(result.IsSuccessful, string.Join(", ", result.FailingTypeNames ?? []));
    }
}
