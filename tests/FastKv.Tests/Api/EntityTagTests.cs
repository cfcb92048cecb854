using System.Security.Cryptography;
using FastKv.Api;
using Xunit;

namespace FastKv.Tests.Api;

public sealed class EntityTagTests
{
    /// <summary>Lengths around every end of a block, on both ways of hashing.</summary>
    [Fact]
    public void A_tag_is_the_beginning_of_the_SHA_1_of_a_value_of_any_length()
    {
        var random = new Random(1);
        for (var length = 0; length <= 1024; length++)
        {
            var value = new byte[length];
            random.NextBytes(value);

#pragma warning disable CA5350 // A version, not a secret.
            var expected = Convert.ToHexStringLower(SHA1.HashData(value))[..EntityTag.Length];
#pragma warning restore CA5350
            Assert.Equal($"\"{expected}\"", EntityTag.Of(value).Quoted);
        }
    }

    [Fact]
    public void The_hash_of_the_standard()
    {
        Assert.Equal("\"a9993e364706816aba3e25717850c26c\"", EntityTag.Of("abc"u8).Quoted);
        Assert.Equal("\"da39a3ee5e6b4b0d3255bfef95601890\"", EntityTag.Of([]).Quoted);
    }
}
