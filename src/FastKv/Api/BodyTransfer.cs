using System.IO.Pipelines;
using System.Security.Claims;

namespace FastKv.Api;

/// <summary>The bytes of a body on their way in, with all the limits that they have.</summary>
internal sealed class BodyTransfer : IDisposable
{
    /// <summary>Bytes that a reader holds beside what it keeps: a part of a token, and the server's buffer.</summary>
    private const int OverheadLength = 64 * 1024;

    private readonly HttpContext context;
    private readonly int maximumLength;
    private readonly int maximumKept;
    private readonly CancellationToken cancellation;
    private RequestMemory? memory;
    private CancellationTokenSource? deadline;
    private Turns.Turn? turn;

    public BodyTransfer(HttpContext context, int maximumLength, int maximumKept, CancellationToken cancellation)
    {
        this.context = context;
        this.maximumLength = maximumLength;
        this.maximumKept = maximumKept;
        this.cancellation = cancellation;
        if (!JsonMediaType.IsJson(context.Request.ContentType) || JsonMediaType.IsEncoded(context.Request.Headers))
        {
            throw new RequestRefusedException(ApiError.UnsupportedMediaType);
        }

        if (context.Request.ContentLength > maximumLength)
        {
            throw new RequestRefusedException(ApiError.PayloadTooLarge);
        }

        if (context.Request.ContentLength is > RequestMemory.UnreservedBytes and var length)
        {
            Reserve(Math.Min(length, maximumKept));
        }
    }

    /// <summary>Bytes that were read and will not come again.</summary>
    public long Consumed { get; set; }

    /// <summary>The next bytes, and those before them that were not consumed.</summary>
    public async ValueTask<ReadResult> ReadAsync()
    {
        var result = await ReadPieceAsync();
        var received = Consumed + result.Buffer.Length;
        try
        {
            if (received > maximumLength)
            {
                throw new RequestRefusedException(ApiError.PayloadTooLarge);
            }

            if (deadline is null && received > RequestMemory.UnreservedBytes)
            {
                // Its length was not told.
                Reserve(maximumKept);
            }
        }
        catch (RequestRefusedException)
        {
            Advance(result.Buffer.End, result.Buffer.End);
            throw;
        }

        if (memory is not null)
        {
            turn = await memory.Turns.TakeAsync(CancellationToken.None);
        }

        return result;
    }

    /// <summary>Gives back what is consumed; what was examined and not consumed comes again.</summary>
    public void Advance(SequencePosition consumed, SequencePosition examined)
    {
        EndTurn();
        BodyPipe.Advance(context.Request.BodyReader, consumed, examined);
    }

    public void Dispose()
    {
        EndTurn();
        deadline?.Dispose();
    }

    private void EndTurn()
    {
        turn?.Dispose();
        turn = null;
    }

    private void Reserve(long bytes)
    {
        memory = context.RequestServices.GetRequiredService<RequestMemory>();
        var userId = context.User.FindFirstValue("sub") ?? "";
        context.Response.RegisterForDispose(memory.Bodies.Reserve(userId, bytes + OverheadLength));
        deadline = RequestMemory.NewDeadline(cancellation);
    }

    private async ValueTask<ReadResult> ReadPieceAsync()
    {
        try
        {
            return await context.Request.BodyReader.ReadAsync(deadline?.Token ?? cancellation);
        }
        catch (OperationCanceledException)
            when (deadline is { IsCancellationRequested: true } && !cancellation.IsCancellationRequested)
        {
            throw new BadHttpRequestException("The body came too slowly.", StatusCodes.Status408RequestTimeout);
        }
        catch (Exception broken) when (BodyPipe.IsBroken(broken))
        {
            throw BodyPipe.Fault(broken);
        }
    }
}
