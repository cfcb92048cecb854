using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace FastKv.Tests.History;

internal enum Bug
{
    None,
    AnswersBeforeItWrites,
    ReadsThenWritesInsteadOfSetIfAbsent,
    ReadsFromACopyThatLags,
    SometimesTriesADeleteTwice,
    SaysNothingWasDoneAfterItWasDone,
    LosesAnAcknowledgedWrite,
}

/// <summary>A small server with the data operations in memory, and one bug for the checker to find.</summary>
internal sealed class PlantedStore : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly Bug bug;
    private readonly Lock gate = new();
    private readonly Dictionary<string, string> values = [];
    private readonly ConcurrentDictionary<string, string?> copy = new();

    private PlantedStore(Bug bug)
    {
        this.bug = bug;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        app = builder.Build();
        app.MapPost(
            "/api/data",
            async context =>
            {
                var body = (await JsonNode.ParseAsync(context.Request.Body))!;
                await AnswerAsync(
                    context,
                    await StoreAsync(body["key"]!.GetValue<string>(), body["value"]!.GetValue<string>())
                );
            }
        );
        app.MapPut(
            "/api/data/{key}",
            async (HttpContext context, string key) =>
            {
                var body = (await JsonNode.ParseAsync(context.Request.Body))!;
                await AnswerAsync(context, Update(key, body["value"]!.GetValue<string>()));
            }
        );
        app.MapDelete("/api/data/{key}", (HttpContext context, string key) => AnswerAsync(context, Delete(key)));
        app.MapGet("/api/data/{key}", (HttpContext context, string key) => RetrieveAsync(context, key));
    }

    public int Port => new Uri(app.Urls.First()).Port;

    public static async Task<PlantedStore> StartAsync(Bug bug)
    {
        var store = new PlantedStore(bug);
        await store.app.StartAsync();
        return store;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static bool Sometimes => Random.Shared.Next(10) == 0;

    private async Task<int> StoreAsync(string key, string value)
    {
        if (bug == Bug.ReadsThenWritesInsteadOfSetIfAbsent)
        {
            if (Find(key) is not null)
            {
                return 409;
            }

            await Task.Delay(5);
            Set(key, value);
            return 201;
        }

        lock (gate)
        {
            if (values.ContainsKey(key))
            {
                return 409;
            }

            if (bug != Bug.LosesAnAcknowledgedWrite || !Sometimes)
            {
                Set(key, value);
            }

            return bug == Bug.SaysNothingWasDoneAfterItWasDone && Sometimes ? 503 : 201;
        }
    }

    private int Update(string key, string value)
    {
        lock (gate)
        {
            if (!values.ContainsKey(key))
            {
                return 404;
            }

            if (bug == Bug.AnswersBeforeItWrites)
            {
                _ = Task.Delay(20).ContinueWith(_ => Set(key, value), TaskScheduler.Default);
            }
            else
            {
                Set(key, value);
            }

            return 200;
        }
    }

    private int Delete(string key)
    {
        lock (gate)
        {
            var deleted = values.Remove(key);
            copy[key] = null;
            return deleted && !(bug == Bug.SometimesTriesADeleteTwice && Sometimes) ? 200 : 404;
        }
    }

    private Task RetrieveAsync(HttpContext context, string key)
    {
        var value = bug == Bug.ReadsFromACopyThatLags ? copy.GetValueOrDefault(key) : Find(key);
        context.Response.StatusCode = value is null ? 404 : 200;
        return WriteAsync(
            context,
            new JsonObject
            {
                ["data"] = new JsonObject { ["key"] = key, ["value"] = value },
            }
        );
    }

    private string? Find(string key)
    {
        lock (gate)
        {
            return values.GetValueOrDefault(key);
        }
    }

    private void Set(string key, string value)
    {
        lock (gate)
        {
            values[key] = value;
        }

        _ = Task.Delay(20).ContinueWith(_ => copy[key] = value, TaskScheduler.Default);
    }

    private static Task AnswerAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, new JsonObject());
    }

    private static Task WriteAsync(HttpContext context, JsonObject body)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(body.ToJsonString());
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes).AsTask();
    }
}
