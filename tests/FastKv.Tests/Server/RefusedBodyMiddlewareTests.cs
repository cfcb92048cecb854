using System.IO.Pipelines;
using FastKv.Api;
using FastKv.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace FastKv.Tests.Server;

/// <summary>What still comes of a large body that was refused over HTTP/1.1; what a client sees of it is in <see cref="LargeBodyTests"/>.</summary>
public sealed class RefusedBodyMiddlewareTests
{
    private const int Length = 64 * 1024;

    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Its_rest_is_read_when_it_has_a_turn()
    {
        using var memory = new RequestMemory(0);
        var others = await TakeAllAsync(memory.DrainTurns);
        var body = new Pipe(new PipeOptions(pauseWriterThreshold: Length / 2, useSynchronizationContext: false));
        var passing = PassAsync(StatusCodes.Status503ServiceUnavailable, body.Reader, memory);
        var sending = body.Writer.WriteAsync(new byte[Length], cancellation).AsTask();
        Assert.False(sending.IsCompleted);

        others.ForEach(turn => turn.Dispose());

        await sending.WaitAsync(cancellation);
        await body.Writer.CompleteAsync();
        await passing.WaitAsync(cancellation);
    }

    [Fact]
    public async Task It_waits_for_no_body_and_no_answer_that_is_worked_on()
    {
        using var memory = new RequestMemory(0);
        var others = await TakeAllAsync(memory.Turns);
        var body = new Pipe();
        await body.Writer.WriteAsync(new byte[Length / 2], cancellation);
        await body.Writer.CompleteAsync();

        await PassAsync(StatusCodes.Status413PayloadTooLarge, body.Reader, memory).WaitAsync(cancellation);

        others.ForEach(turn => turn.Dispose());
    }

    private static async Task<List<Turns.Turn>> TakeAllAsync(Turns turns)
    {
        var taken = new List<Turns.Turn>();
        for (var i = 0; i < Turns.AtOnce; i++)
        {
            taken.Add(await turns.TakeAsync(CancellationToken.None));
        }

        return taken;
    }

    private static Task PassAsync(int status, PipeReader body, RequestMemory memory)
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IRequestBodyPipeFeature>(new Body(body));
        context.Request.ContentLength = Length;
        var middleware = new RefusedBodyMiddleware(
            inner =>
            {
                inner.Response.StatusCode = status;
                return Task.CompletedTask;
            },
            memory
        );
        return middleware.InvokeAsync(context);
    }

    private sealed record Body(PipeReader Reader) : IRequestBodyPipeFeature;
}
