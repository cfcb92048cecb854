using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FastKv.Tests.Harness;

/// <summary>A headless Chromium with one page, led by the Chrome DevTools Protocol.</summary>
internal sealed partial class Browser : ChildProcess
{
    private const string Program = "chromium";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory profile;
    private readonly ClientWebSocket page = new();
    private int lastCommand;

    private Browser(TemporaryDirectory profile)
        : base(
            Program,
            [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--no-proxy-server",
                "--remote-debugging-port=0",
                $"--user-data-dir={profile.Path}",
                "about:blank",
            ]
        ) => this.profile = profile;

    /// <summary>Why a test that needs one is skipped.</summary>
    public const string Missing = "There is no chromium on the PATH.";

    public static bool IsInstalled { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, Program)));

    public static async Task<Browser> StartAsync()
    {
        var browser = new Browser(new TemporaryDirectory());
        await Wait.UntilAsync(
            "the browser listens",
            () => Task.FromResult(Listening().IsMatch(browser.Log) || browser.HasExited),
            Limit
        );
        var address = Listening().Match(browser.Log).Groups[1].Value;
        Xunit.Assert.False(address.Length == 0, browser.Log);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var targets = await client.GetFromJsonAsync<JsonArray>($"http://{address}/json/list");
        var target = targets!.First(one => one!["type"]!.GetValue<string>() == "page")!;
        await browser.page.ConnectAsync(new Uri(target["webSocketDebuggerUrl"]!.GetValue<string>()), default);
        await browser.CallAsync("Page.enable");
        return browser;
    }

    /// <summary>Loads a page, and waits until it and its scripts have run.</summary>
    public async Task OpenAsync(Uri address)
    {
        await CallAsync("Page.navigate", new JsonObject { ["url"] = address.ToString() });
        await Wait.UntilAsync(
            $"{address} is loaded",
            async () =>
                await EvaluateAsync("location.href !== 'about:blank' && document.readyState === 'complete'")
                    is JsonValue value
                && value.GetValue<bool>(),
            Limit
        );
    }

    /// <summary>What the system of the browser's user prefers, dark or light, as CSS sees it.</summary>
    public Task PreferAsync(string colorScheme) =>
        CallAsync(
            "Emulation.setEmulatedMedia",
            new JsonObject
            {
                ["features"] = new JsonArray(
                    new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = colorScheme }
                ),
            }
        );

    /// <summary>CSS pixels of the window.</summary>
    public Task ResizeAsync(int width, int height) =>
        CallAsync(
            "Emulation.setDeviceMetricsOverride",
            new JsonObject
            {
                ["width"] = width,
                ["height"] = height,
                ["deviceScaleFactor"] = 1,
                ["mobile"] = false,
            }
        );

    /// <summary>The value of an expression in the page, of a promise when it is kept.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var result = await CallAsync(
            "Runtime.evaluate",
            new JsonObject
            {
                ["expression"] = expression,
                ["awaitPromise"] = true,
                ["returnByValue"] = true,
            }
        );
        Xunit.Assert.True(result["exceptionDetails"] is null, result.ToJsonString());
        return result["result"]!["value"]?.DeepClone();
    }

    public override async ValueTask DisposeAsync()
    {
        page.Dispose();
        await base.DisposeAsync();
        profile.Dispose();
    }

    private async Task<JsonObject> CallAsync(string method, JsonObject? parameters = null)
    {
        using var bound = new CancellationTokenSource(Limit);
        var id = ++lastCommand;
        var command = new JsonObject
        {
            ["id"] = id,
            ["method"] = method,
            ["params"] = parameters ?? [],
        };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(command);
        await page.SendAsync(bytes, WebSocketMessageType.Text, true, bound.Token);
        while (true)
        {
            var message = await ReceiveAsync(bound.Token);
            if (message["id"]?.GetValue<int>() == id)
            {
                Xunit.Assert.True(message["error"] is null, message.ToJsonString());
                return message["result"]!.AsObject();
            }
        }
    }

    private async Task<JsonObject> ReceiveAsync(CancellationToken cancellation)
    {
        using var message = new MemoryStream();
        var buffer = new byte[64 * 1024];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await page.ReceiveAsync(buffer.AsMemory(), cancellation);
            message.Write(buffer, 0, part.Count);
        } while (!part.EndOfMessage);

        return JsonNode.Parse(message.ToArray())!.AsObject();
    }

    [GeneratedRegex(@"DevTools listening on ws://([^/\s]+)/")]
    private static partial Regex Listening();
}
