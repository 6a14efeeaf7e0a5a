namespace Gatehouse.Web;

/// <summary>
/// The last moments before the server stops: it still answers, says at /healthz that it leaves, and gives each kept connection back behind an answer (RFC 9112 section 9.6).
/// So a balancer's next request does not meet a connection that is closing at that moment.
/// </summary>
public sealed class Departure(TimeProvider clock) : IHostedLifecycleService
{
    private volatile bool begun;

    /// <summary>How long it goes on answering; nothing by default, so that what runs inside another process stops at once.</summary>
    public TimeSpan Patience { get; set; }

    /// <summary>True from the wish to stop on.</summary>
    public bool HasBegun => begun;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        begun = true;
        await Task.Delay(Patience, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
