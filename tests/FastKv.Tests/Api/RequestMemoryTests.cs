using FastKv.Api;
using Xunit;

namespace FastKv.Tests.Api;

/// <summary>The budget of bytes: who may hold how much of it.</summary>
public sealed class RequestMemoryTests
{
    [Fact]
    public void A_user_holds_at_most_half_of_what_there_is_for_bodies_and_another_finds_the_rest()
    {
        using var memory = new RequestMemory(4000);
        using var half = memory.Bodies.Reserve("user", 1000);

        Assert.Throws<RequestRefusedException>(() => memory.Bodies.Reserve("user", 1));
        using var other = memory.Bodies.Reserve("other", 1000);
        Assert.Throws<RequestRefusedException>(() => memory.Bodies.Reserve("third", 1));
    }

    [Fact]
    public void Bodies_leave_values_their_share()
    {
        using var memory = new RequestMemory(4000);
        using var bodies = memory.Bodies.Reserve("user", 1000);

        using var values = memory.Values.Reserve("user", 1000);

        Assert.Equal(1000, memory.Values.Reserved);
    }

    [Fact]
    public void What_is_given_back_can_be_taken_again()
    {
        using var memory = new RequestMemory(4000);
        var first = memory.Values.Reserve("user", 1000);
        first.Resize(400);
        using var second = memory.Values.Reserve("user", 600);
        Assert.Throws<RequestRefusedException>(() => first.Resize(401));

        first.Dispose();
        first.Dispose();

        Assert.Equal(600, memory.Values.Reserved);
        using var third = memory.Values.Reserve("user", 400);
    }

    [Fact]
    public void The_most_that_was_held_is_told_once()
    {
        using var memory = new RequestMemory(4000);
        memory.Values.Reserve("user", 1000).Dispose();
        using var left = memory.Values.Reserve("user", 10);

        Assert.Equal(1000, memory.Values.TakeMost());
        Assert.Equal(10, memory.Values.TakeMost());
    }
}
