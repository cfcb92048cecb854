using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using FastKv.Tests.Redis;
using Xunit;

namespace FastKv.Tests.Features.Users;

/// <summary>Registrations at the same time, on two replicas.</summary>
public sealed class RegistrationRaceTests(TwoReplicas replicas) : IClassFixture<TwoReplicas>
{
    private const int Racers = 64;

    [Fact]
    public async Task Of_64_for_one_name_and_one_email_exactly_one_wins()
    {
        for (var round = 0; round < 3; round++)
        {
            var name = ApiClient.NewName();

            var replies = await RaceAsync(_ => ApiClient.Registration(name));

            ExpectOneWinner(replies, "USERNAME_EXISTS");
            await replicas.One.SignInAsync(name);
        }
    }

    [Fact]
    public async Task Of_64_for_one_name_exactly_one_wins_and_the_emails_of_the_others_are_free()
    {
        var name = ApiClient.NewName();
        var emails = Enumerable.Range(0, Racers).Select(_ => $"{ApiClient.NewName()}@example.com").ToArray();

        var replies = await RaceAsync(i =>
            With(ApiClient.Registration(i % 4 == 0 ? name.ToUpperInvariant() : name), emails[i])
        );

        var winner = ExpectOneWinner(replies, "USERNAME_EXISTS");
        Assert.Equal(emails[winner], replies[winner].Json["data"]!["email"]!.GetValue<string>());
        var others = await RaceAsync(i => With(ApiClient.Registration(), emails[i]));
        Assert.Equal(
            winner,
            Assert.Single(Enumerable.Range(0, Racers), i => others[i].Status != HttpStatusCode.Created)
        );
        others[winner].ExpectError("EMAIL_EXISTS");
    }

    [Fact]
    public async Task Of_64_for_one_email_exactly_one_wins_and_the_names_of_the_others_are_free()
    {
        var email = $"{ApiClient.NewName()}@example.com";
        var names = Enumerable.Range(0, Racers).Select(_ => ApiClient.NewName()).ToArray();

        var replies = await RaceAsync(i =>
            With(ApiClient.Registration(names[i]), i % 4 == 0 ? email.ToUpperInvariant() : email)
        );

        var winner = ExpectOneWinner(replies, "EMAIL_EXISTS");
        var others = await RaceAsync(i => ApiClient.Registration(names[i]));
        Assert.Equal(
            winner,
            Assert.Single(Enumerable.Range(0, Racers), i => others[i].Status != HttpStatusCode.Created)
        );
        others[winner].ExpectError("USERNAME_EXISTS");
    }

    [Fact]
    public async Task Of_all_pairs_of_8_names_and_8_emails_never_two_with_one_name_or_one_email_win()
    {
        var names = Enumerable.Range(0, 8).Select(_ => ApiClient.NewName()).ToArray();

        var replies = await RaceAsync(i => With(ApiClient.Registration(names[i / 8]), $"{names[i % 8]}@example.com"));

        var winners = replies
            .Where(reply => reply.Status == HttpStatusCode.Created)
            .Select(r => r.Json["data"]!)
            .ToArray();
        Assert.NotEmpty(winners);
        Assert.Equal(winners.Length, winners.Select(user => user["username"]!.GetValue<string>()).Distinct().Count());
        Assert.Equal(winners.Length, winners.Select(user => user["email"]!.GetValue<string>()).Distinct().Count());
        Assert.Equal(winners.Length, winners.Select(user => user["user_id"]!.GetValue<string>()).Distinct().Count());
        Assert.All(
            replies.Where(reply => reply.Status != HttpStatusCode.Created),
            reply => reply.ExpectError(reply.Code == "EMAIL_EXISTS" ? "EMAIL_EXISTS" : "USERNAME_EXISTS")
        );
    }

    private Task<Reply[]> RaceAsync(Func<int, JsonObject> registration) =>
        Task.WhenAll(
            Enumerable
                .Range(0, Racers)
                .Select(i => (i % 2 == 0 ? replicas.One : replicas.Other).PostAsync("/api/register", registration(i)))
        );

    private static int ExpectOneWinner(Reply[] replies, string code)
    {
        var winner = Assert.Single(
            Enumerable.Range(0, replies.Length),
            i => replies[i].Status == HttpStatusCode.Created
        );
        Assert.All(replies.Where((_, i) => i != winner), reply => reply.ExpectError(code));
        return winner;
    }

    private static JsonObject With(JsonObject registration, string email)
    {
        registration["email"] = email;
        return registration;
    }
}
