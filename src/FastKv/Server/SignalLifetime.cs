using System.Runtime.InteropServices;

namespace FastKv.Server;

/// <summary>
/// Stops the service when it is told to. SIGTERM comes from an orchestrator, whose balancers need a while to notice: the service
/// says at once that it is not ready, serves on for the drain time, and only then closes its listeners. Ctrl+C comes from a
/// person, who does not want to wait: the drain time is skipped, and a second Ctrl+C ends the process on the spot. Either way,
/// requests in flight are finished first.
/// </summary>
internal sealed partial class SignalLifetime(
    HttpOptions options,
    DrainState draining,
    IHostApplicationLifetime application,
    ILogger<SignalLifetime> logger
) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> registrations = [];

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Drain));
        registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, StopNow));
        registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGQUIT, StopNow));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => registrations.ForEach(registration => registration.Dispose());

    private void Drain(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (draining.Begin())
        {
            LogDraining(options.DrainSeconds);
            _ = StopLaterAsync();
        }
    }

    private async Task StopLaterAsync()
    {
        await Task.Delay(TimeSpan.FromSeconds(options.DrainSeconds), application.ApplicationStopping)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        application.StopApplication();
    }

    private void StopNow(PosixSignalContext signal)
    {
        signal.Cancel = !application.ApplicationStopping.IsCancellationRequested;
        draining.Begin();
        application.StopApplication();
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "SIGTERM: not ready any more, serving for {Seconds} s until the listeners close."
    )]
    private partial void LogDraining(int seconds);
}
