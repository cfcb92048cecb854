#if EMBEDDED_STORE
using Garnet.networking;
using Garnet.server;

namespace FastKv.Redis;

/// <summary>
/// Garnet's sessions, one at a time, as in Redis: while one carries out what it has received no other does, and before it answers
/// all that was written is on disk. Garnet would run them side by side and commit each write of a script by itself, and a kill
/// could leave the first writes of a script without the others. This way what a start finds ends between two commands, what was
/// answered is in it, and whoever holds <see cref="Turn"/> sees a store that nobody is amid changing. One commit serves all
/// commands that came together, and the service sends all of its own over two connections.
/// </summary>
internal sealed unsafe class SerializedSessions(ISessionProvider inner, CommandLog log) : ISessionProvider
{
    /// <summary>Held by the session whose turn it is.</summary>
    public Lock Turn { get; } = new();

    public MaxSizeSettings GetMaxSizeSettings => inner.GetMaxSizeSettings;

    /// <summary>Makes the sessions of a listener that has not started yet serialized ones.</summary>
    public static SerializedSessions Install(GarnetServerTcp listener, CommandLog log)
    {
        listener.Unregister(WireFormat.ASCII, out var provider);
        var sessions = new SerializedSessions(provider, log);
        listener.Register(WireFormat.ASCII, sessions);
        return sessions;
    }

    public IMessageConsumer GetSession(WireFormat wireFormat, INetworkSender networkSender) =>
        new Session(inner.GetSession(wireFormat, new Sender(networkSender, this)), Turn);

    private void Commit()
    {
        // Not so where the answer is a message that another session has published.
        if (Turn.IsHeldByCurrentThread)
        {
            log.Commit();
        }
    }

    private sealed class Session(IMessageConsumer inner, Lock turn) : IMessageConsumer
    {
        public int TryConsumeMessages(byte* reqBuffer, int bytesRead)
        {
            lock (turn)
            {
                return inner.TryConsumeMessages(reqBuffer, bytesRead);
            }
        }

        public void Dispose() => inner.Dispose();
    }

    private sealed class Sender(INetworkSender inner, SerializedSessions sessions) : INetworkSender
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
