using Gatehouse.Data;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.Throttling;

namespace Gatehouse.SignIn.Sessions;

/// <summary>Deletes what is over: spent and expired one-time tokens, dead sessions, ended grants, passkeys and hardware keys whose removal can no longer be undone.</summary>
public sealed partial class SweepSignIn(Database database, OneTimeTokens tokens, GuessLimits guesses, TimeProvider clock, ILogger<SweepSignIn> logger) : BackgroundService
{
    /// <summary>Ended sessions and grants are kept this long, so that a refusal can still say what became of them.</summary>
    public static readonly TimeSpan KeepEnded = TimeSpan.FromDays(7);

    public Task Run() => database.Write(async sql =>
    {
        var before = clock.Now() - (long)KeepEnded.TotalMilliseconds;
        await tokens.Sweep(sql);
        await guesses.Sweep(sql);
        await SessionStore.Sweep(sql, before, clock.Now());
        await PasskeyStore.Sweep(sql, clock.Now() - (long)KeepPasskeys.UndoFor.TotalMilliseconds);
        await HardwareKeys.HardwareKeyStore.Sweep(sql, clock.Now() - (long)HardwareKeys.KeyFactor.UndoFor.TotalMilliseconds);
    });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(30), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await Run();
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    CouldNot(logger, e);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "expired sessions and links could not be removed; the next try is in half an hour")]
    private static partial void CouldNot(ILogger logger, Exception e);
}
