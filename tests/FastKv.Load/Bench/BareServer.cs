using System.Globalization;
using System.Net;
using FastKv.Load.Cli;
using FastKv.Load.Target;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace FastKv.Load.Bench;

/// <summary>
/// The measure of all things here: Kestrel and one delegate that writes given bytes with a content length. No routing,
/// no authentication, no store.
/// </summary>
internal static class BareServer
{
    public const string Command = "bare";

    /// <summary>Starts it as a process of its own, answering every request with one status and body.</summary>
    public static Task<ServiceProcess> StartAsync(
        WorkFolder folder,
        Answer answer,
        string? cores,
        CancellationToken cancellation
    )
    {
        var body = Path.Combine(folder.FullName, $"answer-{Guid.NewGuid():N}");
        File.WriteAllBytes(body, answer.Body);
        return ServiceProcess.StartAsync(
            typeof(BareServer).Assembly.Location,
            (port, http2Port) =>
                (
                    [
                        .. new[] { Command, "--port", $"{port}", "--http2-port", $"{http2Port}" },
                        .. new[] { "--status", $"{answer.Status}", "--body", body },
                    ],
                    new Dictionary<string, string>()
                ),
            "/",
            cores,
            cancellation
        );
    }

    /// <summary>The hidden command that the process above runs.</summary>
    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellation)
    {
        var port = arguments.Whole("--port", 0, 1, 65535);
        var http2Port = arguments.Whole("--http2-port", 0, 1, 65535);
        var status = arguments.Whole("--status", 200, 200, 599);
        var body = await File.ReadAllBytesAsync(arguments.Text("--body") ?? "", cancellation);
        arguments.RefuseUnread();

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, http2Port, listen => listen.Protocols = HttpProtocols.Http2);
        });
        var app = builder.Build();
        app.Run(context =>
            HttpProtocol.IsHttp2(context.Request.Protocol) && context.Request.ContentLength > 0
                ? ReadAndAnswerAsync(context)
                : AnswerAsync(context)
        );
        await app.RunAsync(cancellation);
        return ExitCode.Fine;

        Task AnswerAsync(HttpContext context)
        {
            var response = context.Response;
            response.StatusCode = status;
            response.ContentType = "application/json; charset=utf-8";
            response.ContentLength = body.Length;
            return response.Body.WriteAsync(body, 0, body.Length, CancellationToken.None);
        }

        // Over HTTP/1.1 the server itself reads what is left of a request. Over HTTP/2 it resets the stream, and after too many of
        // those the connection's next ones, with ENHANCE_YOUR_CALM.
        async Task ReadAndAnswerAsync(HttpContext context)
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            await AnswerAsync(context);
        }
    }
}

/// <summary>What FastKv answered, for the bare server to answer the same.</summary>
internal sealed record Answer(int Status, byte[] Body)
{
    public string Describe() => string.Create(CultureInfo.InvariantCulture, $"{Status}, {Body.Length} bytes");
}
