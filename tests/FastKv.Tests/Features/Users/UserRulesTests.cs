using FastKv.Features.Users;
using Xunit;

namespace FastKv.Tests.Features.Users;

public sealed class UserRulesTests
{
    [Fact]
    public void Every_common_password_is_one_that_the_other_rules_would_let_through()
    {
        using var stream = typeof(UserRules).Assembly.GetManifestResourceStream("CommonPasswords.txt")!;
        using var reader = new StreamReader(stream);
        var common = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.NotEmpty(common);
        Assert.All(common, password => Assert.False(UserRules.IsPassword(password, "name", "name@example.com")));
        Assert.All(common, password => Assert.True(UserRules.IsPassword(password + "~zq", "name", "name@example.com")));
    }
}
