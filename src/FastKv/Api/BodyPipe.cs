using System.IO.Pipelines;

namespace FastKv.Api;

/// <summary>The server's pipe of a body, whose every use may tell that the client is gone, in one of several ways.</summary>
internal static class BodyPipe
{
    /// <summary>Gives back what is consumed; what was examined and not consumed comes again.</summary>
    /// <exception cref="RequestAbortedException">The client is gone.</exception>
    public static void Advance(PipeReader reader, SequencePosition consumed, SequencePosition examined)
    {
        try
        {
            reader.AdvanceTo(consumed, examined);
        }
        catch (Exception broken) when (IsBroken(broken))
        {
            throw Fault(broken);
        }
    }

    /// <summary>Whether an exception of the pipe tells that nothing more comes.</summary>
    public static bool IsBroken(Exception exception) =>
        exception is (IOException or OperationCanceledException) and not BadHttpRequestException;

    /// <summary>What to throw instead of it. The server has no kinder word for a chunk size that overflows.</summary>
    public static Exception Fault(Exception broken) =>
        broken.InnerException is OverflowException
            ? new BadHttpRequestException("The size of a chunk can't be read.", broken)
            : new RequestAbortedException(broken);
}
