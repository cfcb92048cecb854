#if EMBEDDED_STORE
using Garnet;
using Garnet.networking;
using Garnet.server;

namespace FastKv.Redis;

/// <summary>
/// Garnet's sessions, with a say in when its log is committed. Garnet would commit each write of a script by itself, and a kill
/// could leave the first of them without the others. Here a session commits before it answers, while no session is amid a
/// command, so that what a start finds ends between two commands, and what was answered is in it. One commit serves all
/// sessions that have written since the last.
/// </summary>
internal sealed unsafe class CommittingSessions(ISessionProvider inner, StoreApi store) : ISessionProvider, IDisposable
{
    /// <summary>
    /// How long to wait until no session is amid a command. A script with a long answer keeps its keys locked while it sends, and
    /// another that waits for them would never pause: then the commit is made all the same.
    /// </summary>
    private static readonly TimeSpan MaximumWait = TimeSpan.FromSeconds(1);

    /// <summary>Held to read amid commands, and to write by who commits.</summary>
    private readonly ReaderWriterLockSlim commands = new();

    public MaxSizeSettings GetMaxSizeSettings => inner.GetMaxSizeSettings;

    /// <summary>Makes the sessions of a listener that has not started yet committing ones.</summary>
    public static CommittingSessions Install(GarnetServer server, GarnetServerTcp listener)
    {
        listener.Unregister(WireFormat.ASCII, out var provider);
        var sessions = new CommittingSessions(provider, server.Store);
        listener.Register(WireFormat.ASCII, sessions);
        return sessions;
    }

    /// <summary>
    /// Takes a checkpoint, while no session is amid a command and none begins one. Garnet tells what a checkpoint holds from what
    /// it does not by a number that each command in its log bears, and that every checkpoint, done or not, makes one larger. If a
    /// kill ended one, the commands written beside it would bear the number of the next, and be carried out once more over newer
    /// data if a second kill came before the log is cut. So there must be none.
    /// </summary>
    /// <returns>False if the sessions did not pause.</returns>
    public bool TryCheckpoint(Action checkpoint)
    {
        if (!commands.TryEnterWriteLock(MaximumWait))
        {
            return false;
        }

        try
        {
            checkpoint();
            return true;
        }
        finally
        {
            commands.ExitWriteLock();
        }
    }

    public IMessageConsumer GetSession(WireFormat wireFormat, INetworkSender networkSender) =>
        new Session(inner.GetSession(wireFormat, new Sender(networkSender, this)), commands);

    public void Dispose() => commands.Dispose();

    /// <summary>Returns when all that was written before is on disk.</summary>
    private void Commit()
    {
        // Not so where the answer is a message that another session has published.
        var isAmidCommands = commands.IsReadLockHeld;
        if (isAmidCommands)
        {
            commands.ExitReadLock();
        }

        try
        {
            var commit = BeginCommit();
            if (!commit.IsCompletedSuccessfully)
            {
                commit.AsTask().GetAwaiter().GetResult();
            }
        }
        finally
        {
            if (isAmidCommands)
            {
                commands.EnterReadLock();
            }
        }
    }

    private ValueTask<bool> BeginCommit()
    {
        var isAlone = commands.TryEnterWriteLock(MaximumWait);
        try
        {
            return store.CommitAOFAsync(CancellationToken.None);
        }
        finally
        {
            if (isAlone)
            {
                commands.ExitWriteLock();
            }
        }
    }

    private sealed class Session(IMessageConsumer inner, ReaderWriterLockSlim commands) : IMessageConsumer
    {
        public int TryConsumeMessages(byte* reqBuffer, int bytesRead)
        {
            commands.EnterReadLock();
            try
            {
                return inner.TryConsumeMessages(reqBuffer, bytesRead);
            }
            finally
            {
                commands.ExitReadLock();
            }
        }

        public void Dispose() => inner.Dispose();
    }

    private sealed class Sender(INetworkSender inner, CommittingSessions sessions) : INetworkSender
    {
        public MaxSizeSettings GetMaxSizeSettings => inner.GetMaxSizeSettings;

        public string RemoteEndpointName => inner.RemoteEndpointName;

        public string LocalEndpointName => inner.LocalEndpointName;

        public bool SendResponse(int offset, int size)
        {
            sessions.Commit();
            return inner.SendResponse(offset, size);
        }

        public void SendResponse(byte[] buffer, int offset, int count, object context)
        {
            sessions.Commit();
            inner.SendResponse(buffer, offset, count, context);
        }

        public bool IsLocalConnection() => inner.IsLocalConnection();

        public void Enter() => inner.Enter();

        public void EnterAndGetResponseObject(out byte* head, out byte* tail) =>
            inner.EnterAndGetResponseObject(out head, out tail);

        public void Exit() => inner.Exit();

        public void ExitAndReturnResponseObject() => inner.ExitAndReturnResponseObject();

        public void GetResponseObject() => inner.GetResponseObject();

        public void ReturnResponseObject() => inner.ReturnResponseObject();

        public byte* GetResponseObjectHead() => inner.GetResponseObjectHead();

        public byte* GetResponseObjectTail() => inner.GetResponseObjectTail();

        public void SendCallback(object context) => inner.SendCallback(context);

        public void DisposeNetworkSender(bool waitForSendCompletion) =>
            inner.DisposeNetworkSender(waitForSendCompletion);

        public void Throttle() => inner.Throttle();

        public bool TryClose() => inner.TryClose();

        public void Dispose() => inner.Dispose();
    }
}
#endif
