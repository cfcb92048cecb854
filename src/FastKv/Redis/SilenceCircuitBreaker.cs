using System.Diagnostics;
using StackExchange.Redis;
using StackExchange.Redis.Availability;

namespace FastKv.Redis;

/// <summary>
/// Gives up a connection on which a command timed out and nothing at all came back meanwhile: the peer is frozen, or the network
/// dropped the connection without a word, which TCP itself finds out after many minutes. Every other command then fails at once
/// instead of waiting for its timeout, and the connection is made anew as soon as the server answers.
/// </summary>
internal sealed class SilenceCircuitBreaker(TimeSpan timeout) : CircuitBreaker
{
    public override Accumulator CreateAccumulator() => new Silence(timeout * 0.9);

    private sealed class Silence(TimeSpan limit) : Accumulator
    {
        private long lastAnswer = Stopwatch.GetTimestamp();
        private volatile bool silent;

        public override void ObserveResult(in FaultContext context)
        {
            if (!context.IsFault)
            {
                Volatile.Write(ref lastAnswer, Stopwatch.GetTimestamp());
            }
            else if (Stopwatch.GetElapsedTime(Volatile.Read(ref lastAnswer)) >= limit)
            {
                silent = true;
            }
        }

        public override bool IsHealthy() => !silent;

        public override void Reset()
        {
            silent = false;
            Volatile.Write(ref lastAnswer, Stopwatch.GetTimestamp());
        }

        // An error reply is an answer like any other.
        protected override bool IsFailure(in FaultContext fault) => fault.ErrorKind == RedisErrorKind.Timeout;
    }
}
