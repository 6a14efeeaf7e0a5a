using Gatehouse.Audit;
using Gatehouse.Data;

namespace Gatehouse.Accounts.Users;

/// <summary>Removes for good what was deleted more than a week ago; sessions, passkeys, memberships and grants go with it.</summary>
public sealed partial class PurgeDeletedUsers(Database database, AuditLog audit, TimeProvider clock, ILogger<PurgeDeletedUsers> logger) : BackgroundService
{
    private static readonly Actor Housekeeping = new("gatehouse", "");

    public Task<int> Run() => database.Write(async sql =>
    {
        var before = clock.Now() - (long)DeleteUser.UndoableFor.TotalMilliseconds;
        var gone = await sql.List<User>($"select {UserStore.Columns} from users u where u.deleted_at < @before order by u.deleted_at limit 100", new { before });
        foreach (var user in gone)
        {
            await sql.Run("delete from users where id = @Id and deleted_at < @before", new { user.Id, before });
            await audit.Write(sql, Housekeeping, "user.purged", user.AuditTarget, "deleted");
        }
        return gone.Count;
    });

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
