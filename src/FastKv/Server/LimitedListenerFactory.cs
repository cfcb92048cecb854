using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace FastKv.Server;

/// <summary>
/// Closes each connection for which <see cref="ConnectionLimiter"/> has no room, as soon as it is accepted and before the next is.
/// Kestrel's own limit is asked later, on a thread of the pool: until then a flood has taken the last descriptor.
/// </summary>
internal sealed class LimitedListenerFactory(IConnectionListenerFactory inner, ConnectionLimiter limiter)
    : IConnectionListenerFactory,
        IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) =>
        inner is not IConnectionListenerFactorySelector selector || selector.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(
        EndPoint endpoint,
        CancellationToken cancellationToken = default
    )
    {
        limiter.Measure();
        return new Listener(await inner.BindAsync(endpoint, cancellationToken), limiter);
    }

    private sealed class Listener(IConnectionListener inner, ConnectionLimiter limiter) : IConnectionListener
    {
        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await inner.AcceptAsync(cancellationToken) is { } connection)
            {
                if (limiter.TryEnter(DescriptorOf(connection)))
                {
                    return new Connection(connection, limiter);
                }

                await connection.DisposeAsync();
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) =>
            inner.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private static int DescriptorOf(ConnectionContext connection) =>
            (int)(connection.Features.Get<IConnectionSocketFeature>()?.Socket.Handle ?? 0);
    }

    /// <summary>The connection as it is, and a word when its descriptor is free again.</summary>
    private sealed class Connection(ConnectionContext inner, ConnectionLimiter limiter) : ConnectionContext
    {
        public override string ConnectionId
        {
            get => inner.ConnectionId;
            set => inner.ConnectionId = value;
        }

        public override IFeatureCollection Features => inner.Features;

        public override IDictionary<object, object?> Items
        {
            get => inner.Items;
            set => inner.Items = value;
        }

        public override System.IO.Pipelines.IDuplexPipe Transport
        {
            get => inner.Transport;
            set => inner.Transport = value;
        }

        public override CancellationToken ConnectionClosed
        {
            get => inner.ConnectionClosed;
            set => inner.ConnectionClosed = value;
        }

        public override EndPoint? LocalEndPoint
        {
            get => inner.LocalEndPoint;
            set => inner.LocalEndPoint = value;
        }

        public override EndPoint? RemoteEndPoint
        {
            get => inner.RemoteEndPoint;
            set => inner.RemoteEndPoint = value;
        }

        public override void Abort() => inner.Abort();

        public override void Abort(ConnectionAbortedException abortReason) => inner.Abort(abortReason);

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            await inner.DisposeAsync();
            limiter.Leave();
        }
    }
}
