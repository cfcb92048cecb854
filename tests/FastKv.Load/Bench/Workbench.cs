using System.Text;
using FastKv.Load.Cli;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// The stage of a bench: a folder, a Redis, the settings of the service, and one user with a token. Services started
/// here share Redis and signing key, so that the token and the stored keys are good for all of them.
/// </summary>
internal sealed class Workbench : IAsyncDisposable
{
    /// <summary>Keys of a batch.</summary>
    public const int KeysOfBatch = 100;

    private const string PreparedPrefix = "k";

    /// <summary>Values to delete are always small: what they hold costs a delete nothing, but memory.</summary>
    private const int DeletedBytes = 100;
    private readonly RedisProcess redis;
    private readonly string assembly;
    private readonly string? otherAssembly;
    private readonly string run = Guid.NewGuid().ToString("N")[..8];
    private Account? account;
    private (int Keys, int ValueBytes) stored;

    private Workbench(
        WorkFolder folder,
        RedisProcess redis,
        string assembly,
        string? otherAssembly,
        CorePinning pinning
    )
    {
        Folder = folder;
        this.redis = redis;
        this.assembly = assembly;
        this.otherAssembly = otherAssembly;
        Pinning = pinning;
        Drivers = new Drivers(folder, pinning.LoadCores);
        Settings = new ServiceSettings(redis.Port, folder.FullName);
    }

    public WorkFolder Folder { get; }

    public CorePinning Pinning { get; }

    public Drivers Drivers { get; }

    public ServiceSettings Settings { get; }

    /// <summary>User and system time of Redis so far.</summary>
    public TimeSpan RedisCpuTime => redis.CpuTime;

    public static async Task<Workbench> OpenAsync(BenchOptions options, CancellationToken cancellation)
    {
        if (!RedisProcess.IsInstalled)
        {
            throw new UsageException("A bench needs redis-server on the PATH: install redis.");
        }

        var assembly = await ServiceBuild.PublishAsync(options.Published, cancellation);
        var otherAssembly = options.Beside is { } other ? ServiceBuild.AssemblyIn(other) : null;
        var pinning = CorePinning.Choose(options.Pin);
        await pinning.PinThisProcessAsync(cancellation);
        var folder = new WorkFolder();
        var redis = await RedisProcess.StartAsync(folder.FullName, pinning.LoadCores, cancellation);
        return new Workbench(folder, redis, assembly, otherAssembly, pinning);
    }

    public Task<ServiceProcess> StartServiceAsync(ServiceSettings settings, CancellationToken cancellation) =>
        settings.StartAsync(assembly, Pinning.ServerCores, cancellation);

    /// <summary>The build that was named with <c>--beside</c>; null if none was.</summary>
    public async Task<ServiceProcess?> StartOtherServiceAsync(CancellationToken cancellation) =>
        otherAssembly is null ? null : await Settings.StartAsync(otherAssembly, Pinning.ServerCores, cancellation);

    /// <summary>Registers the bench's user and signs in. Once; needs any of the services.</summary>
    public async Task SignInAsync(ServiceProcess service, CancellationToken cancellation)
    {
        using var client = Client(service, http2: false);
        account = await AccountMaker.MakeAsync(client, $"bench-{run}", cancellation);
    }

    /// <summary>Makes Redis hold exactly this many prepared keys with values of this size.</summary>
    public async Task StoreAsync(int keys, int valueBytes, CancellationToken cancellation)
    {
        if (stored == (keys, valueBytes))
        {
            return;
        }

        await Keys().RemoveAsync(PreparedPrefix, stored.Keys, cancellation);
        await Keys().StoreAsync(PreparedPrefix, keys, valueBytes, cancellation);
        stored = (keys, valueBytes);
    }

    /// <param name="name">Of this run: what it stores or registers meets nothing of another.</param>
    public RequestPlan Plan(BenchCase bench, string name)
    {
        var value = new string('v', bench.ValueBytes);
        var mark = RequestPlan.NumberMark;
        var (token, prepared, own) = (Account.Token, PreparedPrefix + mark, OwnPrefix(name) + mark);
        return bench.Operation switch
        {
            Operation.Register => Next("POST", "/api/register", ApiRequests.RegisterBody(own), null),
            Operation.Token => Any("POST", "/api/token", ApiRequests.TokenBody(Account.Username), null),
            Operation.Renew => Any("POST", "/api/token/renew", null, token),
            Operation.Store => Next("POST", "/api/data", ApiRequests.StoreBody(own, value), token),
            Operation.Retrieve => Any("GET", $"/api/data/{prepared}", null, token),
            Operation.Update => Any("PUT", $"/api/data/{prepared}", ApiRequests.UpdateBody(value), token),
            Operation.Delete => Next("DELETE", $"/api/data/{own}", null, token),
            Operation.List => Any("GET", $"/api/data?limit={KeysOfBatch}", null, token),
            Operation.Modify => Any("PATCH", $"/api/data/{own}", ApiRequests.CountBody, token),
            Operation.RetrieveBatch => Any(
                "POST",
                "/api/batch/retrieve",
                ApiRequests.RetrieveBatchBody(BatchKeys(bench)),
                token
            ),
            Operation.WriteBatch => Any(
                "POST",
                "/api/batch/write",
                ApiRequests.WriteBatchBody(BatchKeys(bench), value),
                token
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(bench)),
        };

        RequestPlan Any(string method, string path, string? body, string? bearer) =>
            new(method, path, body, bearer, NumberPick.Random, bench.StoredKeys);

        static RequestPlan Next(string method, string path, string? body, string? bearer) =>
            new(method, path, body, bearer, NumberPick.Next, 0);
    }

    /// <summary>
    /// Every delete needs a key that exists, so as many as the run can take are stored before it. Deletes that find
    /// nothing show among the answers that are not 2xx.
    /// </summary>
    public Task BeforeAsync(BenchCase bench, string name, long keys, CancellationToken cancellation) =>
        bench.Operation is Operation.Delete
            ? Keys().StoreAsync(OwnPrefix(name), keys, DeletedBytes, cancellation)
            : Task.CompletedTask;

    /// <summary>Takes out what the run has stored, or has not deleted, so that Redis is the same for the next.</summary>
    public Task AfterAsync(BenchCase bench, string name, long keys, CancellationToken cancellation) =>
        bench.Operation switch
        {
            Operation.Delete or Operation.Store => Keys().RemoveAsync(OwnPrefix(name), keys, cancellation),
            Operation.Modify => Keys().RemoveAsync(OwnPrefix(name), bench.StoredKeys, cancellation),
            _ => Task.CompletedTask,
        };

    /// <summary>One request, to see that it succeeds and what it answers.</summary>
    public async Task<Answer> ProbeAsync(ServiceProcess service, BenchCase bench, CancellationToken cancellation)
    {
        var name = $"probe{Guid.NewGuid():N}";
        await BeforeAsync(bench, name, 1, cancellation);
        using var client = Client(service, bench.Http2);
        using var request = Plan(bench, name).Request(0);
        using var response = await client.DispatchAsync(request, cancellation);
        var answer = new Answer((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation));
        await AfterAsync(bench, name, 1, cancellation);
        return response.IsSuccessStatusCode
            ? answer
            : throw new InvalidOperationException(
                $"{bench.Operation} answered {answer.Describe()}: {Encoding.UTF8.GetString(answer.Body)}"
            );
    }

    public async ValueTask DisposeAsync()
    {
        await redis.DisposeAsync();
        Folder.Dispose();
    }

    public Account Account => account ?? throw new InvalidOperationException("Sign in first.");

    private static HttpClient Client(ServiceProcess service, bool http2) =>
        HttpClients.Create(http2 ? service.Http2 : service.Http1, http2, connections: 1, TimeSpan.FromSeconds(30));

    /// <summary>Puts the user's entries straight into Redis.</summary>
    public KeyLoader Keys() => new(redis.Port, Account.UserId);

    // The first of the prepared keys, in every request: each request of a driver has the same length and, over HTTP/2, the same body.
    private static IEnumerable<string> BatchKeys(BenchCase bench) =>
        Enumerable
            .Range(0, Math.Min(KeysOfBatch, bench.StoredKeys))
            .Select(number => PreparedPrefix + RequestPlan.Digits(number));

    private string OwnPrefix(string name) => $"{run}-{name}-";
}
