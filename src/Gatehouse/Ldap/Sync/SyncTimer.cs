using Gatehouse.Data;
using Gatehouse.Ldap.Configure;

namespace Gatehouse.Ldap.Sync;

/// <summary>Syncs in the background, at the interval of the settings; whichever node comes first does it for all.</summary>
internal sealed partial class SyncTimer(Database database, SettingsStore store, RunLdapSync sync, TimeProvider clock, ILogger<SyncTimer> logger) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    /// <summary>Runs a sync when one is due; null when none is.</summary>
    public async Task<SyncRun?> RunIfDue(CancellationToken stop)
    {
        var settings = await store.Get();
        if (!settings.Enabled || settings.IntervalMinutes == 0 || settings.Paused.Length > 0) return null;
        var last = await database.Read(RunStore.LastSync);
        if (last is not null && clock.Now() - last.StartedAt < TimeSpan.FromMinutes(settings.IntervalMinutes).TotalMilliseconds) return null;
        var run = await sync.Run("timer", null, stop);
        Ran(logger, run.Outcome, RunLdapSync.Summary(run));
        return run;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Look, clock);
        try
        {
            // From the first sign-in on the limits of the settings count.
            await store.Get();
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await RunIfDue(stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    Broke(logger, e);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    [LoggerMessage(1, LogLevel.Information, "directory sync: {Outcome}; {Summary}")]
    private static partial void Ran(ILogger logger, string outcome, string summary);

    [LoggerMessage(2, LogLevel.Warning, "the directory sync broke; the next try is in a minute")]
    private static partial void Broke(ILogger logger, Exception e);
}
