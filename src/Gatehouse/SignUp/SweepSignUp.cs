using Gatehouse.Data;

namespace Gatehouse.SignUp;

/// <summary>Deletes what strangers left: requests that were never followed, and sign-ups that were begun and dropped. Invitations and links stay for the list.</summary>
public sealed partial class SweepSignUp(Database database, TimeProvider clock, ILogger<SweepSignUp> logger) : BackgroundService
{
    public static readonly TimeSpan Keep = TimeSpan.FromDays(7);

    public Task Run() => database.Write(async sql =>
    {
        var before = clock.Now() - (long)Keep.TotalMilliseconds;
        await sql.Run("delete from signup_links where kind = 'request' and uses = 0 and expires_at < @before", new { before });
        await sql.Run("delete from signup_pending where updated_at < @before", new { before });
    });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), clock);
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

    [LoggerMessage(1, LogLevel.Warning, "sign-ups that were dropped could not be removed; the next try is in an hour")]
    private static partial void CouldNot(ILogger logger, Exception e);
}
