using Gatehouse.Accounts.Deletion;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Accounts.Users;

/// <summary>Switches an account off and ends everything born under it.</summary>
public sealed class DisableUser(Database database, AuditLog audit, TimeProvider clock)
{
    public Task<Outcome<User>> Run(string id, string? because, Actor actor) => database.Write(sql => Within(sql, id, because, actor));

    public async Task<Outcome<User>> Within(Sql sql, string id, string? because, Actor actor, string? reference = null)
    {
        var admins = await ActiveAdmins.Lock(sql);
        if (await UserStore.Find(sql, id) is not { } user) return new NoSuchUser(id);
        if (user.DisabledAt is not null) return user;
        if (admins.IsLast(user)) return new LastAdmin(user.Ref, "disabled");
        because = string.IsNullOrWhiteSpace(because) ? null : Web.Printable.Cap(because.Trim(), 200);
        var now = clock.Now();
        if (await sql.Run("""
            update users set disabled_at = @now, disabled_by = @by, disabled_because = @because, updated_at = @now, row_version = row_version + 1
            where id = @id and row_version = @RowVersion
            """, new { now, by = actor.Name, because, id, user.RowVersion }) == 0) return new ChangedMeanwhile(user.DisplayName);
        await UserStore.RaiseEpoch(sql, id);
        await audit.Write(sql, actor, "user.disabled", user.AuditTarget, "active", because is null ? "disabled" : $"disabled: {because}", reference);
        return (await UserStore.Find(sql, id))!;
    }
}

/// <summary>Switches a disabled account on again. Old sessions stay ended.</summary>
public sealed class EnableUser(Database database, AuditLog audit, TimeProvider clock)
{
    public Task<Outcome<User>> Run(string id, Actor actor) => database.Write(sql => Within(sql, id, actor));

    public async Task<Outcome<User>> Within(Sql sql, string id, Actor actor, string? reference = null)
    {
        if (await UserStore.Find(sql, id) is not { } user) return new NoSuchUser(id);
        if (user.DisabledAt is null) return user;
        if (await sql.Run("""
            update users set disabled_at = null, disabled_by = null, disabled_because = null, updated_at = @now, row_version = row_version + 1
            where id = @id and row_version = @RowVersion
            """, new { now = clock.Now(), id, user.RowVersion }) == 0) return new ChangedMeanwhile(user.DisplayName);
        await audit.Write(sql, actor, "user.enabled", user.AuditTarget, user.DisabledBecause is null ? "disabled" : $"disabled: {user.DisabledBecause}", "active", reference);
        return (await UserStore.Find(sql, id))!;
    }
}

/// <summary>Deletes an account; for the days of <see cref="DeletionSettings"/> it can be brought back, then it is gone with everything that hangs on it.</summary>
public sealed class DeleteUser(Database database, Settings settings, AuditLog audit, TimeProvider clock)
{
    public Task<Outcome<User>> Run(string id, Actor actor) => database.Write(sql => Within(sql, id, actor));

    public async Task<Outcome<User>> Within(Sql sql, string id, Actor actor)
    {
        var admins = await ActiveAdmins.Lock(sql);
        if (await UserStore.Find(sql, id) is not { } user) return new NoSuchUser(id);
        if (user.DeletedAt is not null) return user;
        if (admins.IsLast(user)) return new LastAdmin(user.Ref, "deleted");
        var now = clock.Now();
        var days = (await DeletionSettings.Of(settings)).GraceDays;
        if (await sql.Run("update users set deleted_at = @now, purge_at = @purge, updated_at = @now, row_version = row_version + 1 where id = @id and row_version = @RowVersion",
            new { now, purge = now + (long)TimeSpan.FromDays(days).TotalMilliseconds, id, user.RowVersion }) == 0) return new ChangedMeanwhile(user.DisplayName);
        await UserStore.RaiseEpoch(sql, id);
        await DeletionRequest.Drop(sql, id);
        await audit.Write(sql, actor, "user.deleted", user.AuditTarget, user.Email, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"deleted, can be undone for {days} days"));
        return (await UserStore.Find(sql, id))!;
    }
}

/// <summary>Brings a deleted account back while that is possible.</summary>
public sealed class UndoDeleteUser(Database database, AuditLog audit, TimeProvider clock)
{
    public Task<Outcome<User>> Run(string id, Actor actor) => database.Write<Outcome<User>>(async sql =>
    {
        if (await UserStore.Find(sql, id) is not { } user) return new NoSuchUser(id);
        if (user.DeletedAt is null) return user;
        if (await sql.Run("update users set deleted_at = null, purge_at = null, updated_at = @now, row_version = row_version + 1 where id = @id and row_version = @RowVersion",
            new { now = clock.Now(), id, user.RowVersion }) == 0) return new ChangedMeanwhile(user.DisplayName);
        await audit.Write(sql, actor, "user.undeleted", user.AuditTarget, "deleted", user.Email);
        return (await UserStore.Find(sql, id))!;
    });
}

/// <summary>Gives a user another role: promotes to viewer or admin, or demotes.</summary>
public sealed class PromoteUser(Database database, AuditLog audit, TimeProvider clock)
{
    public Task<Outcome<User>> Run(string id, string role, Actor actor) => database.Write(sql => Within(sql, id, role, actor));

    public async Task<Outcome<User>> Within(Sql sql, string id, string role, Actor actor)
    {
        if (role is not (Role.User or Role.Viewer or Role.Admin)) throw new ArgumentException("no role", nameof(role));
        var admins = await ActiveAdmins.Lock(sql);
        if (await UserStore.Find(sql, id) is not { DeletedAt: null } user) return new NoSuchUser(id);
        if (user.Role == role) return user;
        if (role != Role.Admin && admins.IsLast(user)) return new LastAdmin(user.Ref, "demoted");
        if (await sql.Run("update users set role = @role, updated_at = @now, row_version = row_version + 1 where id = @id and row_version = @RowVersion",
            new { role, now = clock.Now(), id, user.RowVersion }) == 0) return new ChangedMeanwhile(user.DisplayName);
        await audit.Write(sql, actor, "user.role_changed", user.AuditTarget, user.Role, role);
        return (await UserStore.Find(sql, id))!;
    }
}

/// <summary>The active admins, held still until the write ends: two acts at once can never leave none.</summary>
internal sealed class ActiveAdmins
{
    private readonly IReadOnlyList<string> ids;

    private ActiveAdmins(IReadOnlyList<string> ids) => this.ids = ids;

    /// <summary>SQLite has one writer at a time. PostgreSQL locks the rows; whoever waited sees them as they are afterwards.</summary>
    public static async Task<ActiveAdmins> Lock(Sql sql) =>
        new(await sql.List<string>("select id from users where role = 'admin' and disabled_at is null and deleted_at is null order by id" + (sql.IsPostgres ? " for update" : "")));

    public bool IsLast(User user) => user is { IsAdmin: true, IsActive: true } && ids.All(id => id == user.Id);
}
