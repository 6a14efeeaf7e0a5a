using Gatehouse.Audit;
using Gatehouse.Data;

namespace Gatehouse.Accounts.Users;

/// <summary>
/// Removes for good what was deleted and can no longer be brought back. Sessions, passkeys, memberships and grants go with the row; what no foreign key takes along is cleared by
/// the room that keeps it. The audit log stays, with the id in place of name and address.
/// </summary>
public sealed partial class PurgeDeletedUsers(Database database, IEnumerable<PersonalData> kept, AuditLog audit, TimeProvider clock, ILogger<PurgeDeletedUsers> logger) : BackgroundService
{
    private static readonly Actor Housekeeping = new("gatehouse", "");

    public async Task<int> Run()
    {
        // Accounts deleted before there was a date of their own have a week.
        var (now, week) = (clock.Now(), clock.Now() - (long)TimeSpan.FromDays(7).TotalMilliseconds);
        var over = await database.Read(sql => sql.List<User>(
            $"select {UserStore.Columns} from users u where u.purge_at <= @now or u.purge_at is null and u.deleted_at < @week order by u.deleted_at limit 100", new { now, week }));
        var gone = 0;
        // Each in a write of its own: looking for what names one of them takes a moment, and others write meanwhile.
        foreach (var user in over) gone += await database.Write(sql => Remove(sql, user));
        return gone;
    }

    private async Task<int> Remove(Sql sql, User user)
    {
        // Brought back meanwhile: it stays.
        if (await sql.Run("delete from users where id = @Id and deleted_at = @DeletedAt", new { user.Id, user.DeletedAt }) == 0) return 0;
        var subject = Personal.DownloadData.Subject(user);
        foreach (var part in kept) await part.Forget(sql, subject);
        await audit.Write(sql, Housekeeping, "user.purged", new("user", user.Id, user.Id), "deleted");
        return 1;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), clock);
        try
        {
            do
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
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "deleted users could not be removed; the next try is in an hour")]
    private static partial void CouldNot(ILogger logger, Exception e);
}
