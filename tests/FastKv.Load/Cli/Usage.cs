namespace FastKv.Load.Cli;

/// <summary>What <c>--help</c> prints.</summary>
internal static class Usage
{
    public const string Text = """
        Load tests for FastKv.

          dotnet run -c Release --project tests/FastKv.Load -- run <scenario>... [options]
          dotnet run -c Release --project tests/FastKv.Load -- bench [flat|list|cold|memory|pressure|deletion|login-flood] [options]

        run: puts a load on the service and reports latency and throughput
          Scenarios: register, token, renew, store, retrieve, update, delete, list, modify, batch-retrieve, batch-write,
          mix, mix-conditional, or all.
          delete stores a key and deletes it in turn; modify counts; the batches have 100 keys. mix is 90 % retrieve, 5 %
          store, 4 % update, 1 % delete; mix-conditional is 50 % retrieve with If-None-Match, 15 % update with If-Match,
          15 % modify, 5 % store with expires_in, 5 % list, 5 % of either batch with 10 keys. Both with values of 100 B
          and 10 KB.
          Without --url it publishes src/FastKv, starts a redis-server of its own (the embedded store if there is none)
          and starts the service on it.

          --url ADDRESS             load a service that is already running; the accounts that were made are deleted afterwards
          --allow-remote-target     allow an address that is not this machine
          --published FOLDER        start the build in this folder instead of publishing one
          --http2                   HTTP/2 without TLS; with --url, name the service's HTTP/2 port
          --model open|closed       open (default): requests arrive at --rate, whatever the service does
                                    closed: each worker waits for its answer, then sends again
          --rate N                  requests a second, open model (1000)
          --password-rate N         the same for register and token, which cost a password hash each (5)
          --workers N               most requests in flight (as many as connections)
          --connections N           most connections (64)
          --seconds N               how long (30)
          --warm-up-seconds N       the same load before it, not counted (5)
          --timeout-seconds N       a request that takes longer has failed (10)
          --accounts N              users to register and sign in first (4)
          --keys N                  keys to store first (1000)
          --value-bytes N           size of values, except in the mixes (100)
          --reports FOLDER          where the JSON and HTML reports go (artifacts/load)

          Thresholds; one that is broken makes the exit code 1. A run without a single success is always broken.
          --max-p50-ms N  --max-p99-ms N  --max-p999-ms N  --max-failed-percent N (0)  --max-dropped N  --min-rate N
          --thresholds LIST         for single scenarios: retrieve:p99=20,token:p99=500; p50, p99, p999, failed, dropped, rate

        nbomber: the same scenarios and options under NBomber; only in a build with -p:UseNBomber=true

        bench: compares the service with a bare Kestrel answer, as Markdown on stdout and as JSON
          Publishes and starts everything itself, needs redis-server; wrk, h2load and taskset are used where installed.

          --operations a,b          of retrieve, store, update, delete, list, modify, batch-retrieve, batch-write,
                                    renew (default: these), register, token
          --protocols http1,http2   one or both (both)
          --connections N           over HTTP/1.1 (64)
          --password-connections N  for register and token (4)
          --http2-connections N     (8)    --streams N   on each of them (32)
          --value-bytes N           (100; deletes always remove 100)  --keys N  stored keys (1000)
          --tracing                 also a service with OpenTelemetry on, 5 % of traces sampled
          --beside FOLDER           also another build of the service, published there: what a change costs

        bench flat          retrieve with 1,000 and 1,000,000 keys, 1 and 256 connections, 100 B and 100 KB
        bench list          a page of a listing with 100 and 1,000,000 keys of the user, with 1,000,000 other users, and
                            behind 1,000,000 entries that have just expired
        bench cold          the first 5 s after ready beside the steady rate, with and without the service's warm-up
        bench memory        resident memory: idle, loaded, minute by minute of the mix [--minutes 10] [--rate 2000], and
                            under large values from all sides with the heap of 1 GiB [--pressure-seconds 60]
        bench pressure      only the last, on a service that is running: --url ADDRESS [--http2-url ADDRESS]
        bench deletion      a user with 1,000,000 entries is deleted: until the answer, until nothing is left, and what another
                            user notices
        bench login-flood   latency of retrieves with and without a flood of sign-ins [--rate 500] [--flood-rate 100]

        All benches: --seconds N for a round (8), --rounds N (5), --warm-up-seconds N (15), --published FOLDER,
        --no-pin, --reports FOLDER

        Exit codes: 0 fine, 1 a threshold is broken or the service died, 2 not run, or interrupted (what was measured is reported).
        """;
}
