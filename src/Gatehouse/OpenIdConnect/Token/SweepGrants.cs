using Gatehouse.Data;
using Gatehouse.SignIn.Sessions;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>Deletes grants that nothing can use any more: revoked, run out, or never refreshed and older than any access token.</summary>
internal sealed partial class SweepGrants(Database database, TimeProvider clock, ILogger<SweepGrants> logger) : BackgroundService
{
    /// <summary>At most this many at once, so that other writers get their turn.</summary>
    private const int AtOnce = 5_000;

    public async Task Run()
    {
        // Ended ones are kept as long as ended sessions, so that a refusal can still say what became of them.
        var before = clock.Now() - (long)SweepSignIn.KeepEnded.TotalMilliseconds;
        while (await database.Write(sql => sql.Run("""
            delete from grants where id in (
                select id from grants
                where revoked_at < @before or refresh_expires_at < @before or refresh_salt is null and created_at < @before
                limit @limit)
            """, new { before, limit = AtOnce })) == AtOnce) ;
    }

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

    [LoggerMessage(1, LogLevel.Warning, "grants that are over could not be removed; the next try is in half an hour")]
    private static partial void CouldNot(ILogger logger, Exception e);
}
