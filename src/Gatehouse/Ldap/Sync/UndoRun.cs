using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Ldap.Configure;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Sync;

/// <summary>What an undo did.</summary>
/// <param name="Kept">Accounts that somebody touched since; they stay as they are.</param>
internal sealed record Undone(int TakenBack, int Kept);

/// <summary>Takes the last run back, account by account, wherever the value that the run wrote still stands; then the timer waits for an admin.</summary>
internal sealed class UndoRun(Database database, SettingsStore store, AuditLog audit, DisableUser disable, PromoteUser promote, TimeProvider clock)
{
    public Task<Outcome<Undone>> Run(string id, Actor actor) => database.Write<Outcome<Undone>>(async sql =>
    {
        if (await RunStore.Find(sql, id) is not { } run) return new CannotUndo("there is no such run");
        if (!run.CanUndo) return new CannotUndo(run.UndoneAt is not null ? "it was taken back already" : "it changed nothing");
        if (await RunStore.LastApplied(sql) != id) return new CannotUndo("a later run changed more");
        if (await sql.Run("update ldap_runs set outcome = 'undone', undone_at = @now, undone_by = @by where id = @id and undone_at is null", new { now = clock.Now(), by = actor.Name, id }) == 0) return new CannotUndo("it was taken back already");
        var undone = await TakeBack(sql, UndoNotes.Read(run.Undo!), SyncActor.For(actor));
        await store.Pause(sql, $"a run was taken back by {actor.Name}", actor);
        await audit.Write(sql, actor, "ldap.sync_undone", new("setting", "ldap", "LDAP"), RunLdapSync.Summary(run), $"{undone.TakenBack} taken back, {undone.Kept} changed since and kept");
        return undone;
    });

    private async Task<Undone> TakeBack(Sql sql, UndoNotes notes, Actor actor)
    {
        var (back, kept) = (0, 0);
        void Count(bool done) => _ = done ? back++ : kept++;

        foreach (var change in notes.Memberships)
        {
            if (change.Joined.Count > 0)
            {
                var (joined, values) = sql.Among("user_id", change.Joined);
                // Only what this run wrote and still claims.
                await sql.Run($"delete from group_members where group_id = @GroupId and {joined} and exists (select 1 from ldap_memberships m where m.group_id = group_members.group_id and m.user_id = group_members.user_id)", new { change.GroupId, values });
                await sql.Run($"delete from ldap_memberships where group_id = @GroupId and {joined}", new { change.GroupId, values });
            }
            if (change.Left.Count == 0) continue;
            var (left, again) = sql.Among("u.id", change.Left);
            var args = new { change.GroupId, now = clock.Now(), values = again };
            await sql.Run($"insert into group_members (group_id, user_id, added_at) select g.id, u.id, cast(@now as bigint) from users u, groups g where g.id = @GroupId and {left} on conflict (group_id, user_id) do nothing", args);
            await sql.Run($"insert into ldap_memberships (group_id, user_id) select g.id, u.id from users u, groups g where g.id = @GroupId and {left} on conflict (group_id, user_id) do nothing", args);
        }
        var once = notes.Promoted.Concat(notes.Demoted).Concat(notes.Restored).Concat(notes.Disabled).Concat(notes.Deleted).Select(s => (s.UserId, s.RowVersion)).Concat(notes.Changed.Select(c => (c.UserId, c.RowVersion))).Distinct().ToArray();
        var untouched = new HashSet<string>(StringComparer.Ordinal);
        var (condition, ids) = sql.Among("id", once.Select(o => o.UserId));
        var current = (await sql.List<VersionRow>($"""select id as "Id", row_version as "RowVersion" from users where {condition}""", new { values = ids })).ToDictionary(v => v.Id, v => v.RowVersion, StringComparer.Ordinal);
        foreach (var (userId, version) in once)
            if (current.GetValueOrDefault(userId, -1) == version) untouched.Add(userId);
        foreach (var userId in once.Select(o => o.UserId).Distinct(StringComparer.Ordinal)) Count(untouched.Contains(userId));

        foreach (var state in notes.Promoted.Where(s => untouched.Contains(s.UserId)))
        {
            if ((await promote.Within(sql, state.UserId, Role.User, actor)).Passed(out _, out _)) await sql.Run("update ldap_users set admin_by_run = null where user_id = @UserId", new { state.UserId });
        }
        foreach (var state in notes.Demoted.Where(s => untouched.Contains(s.UserId)))
        {
            if ((await promote.Within(sql, state.UserId, Role.Admin, actor)).Passed(out _, out _)) await sql.Run("update ldap_users set admin_by_run = 'undo' where user_id = @UserId", new { state.UserId });
        }
        foreach (var state in notes.Disabled.Where(s => untouched.Contains(s.UserId)))
        {
            await sql.Run("update users set disabled_at = null, disabled_by = null, disabled_because = null, updated_at = @now, row_version = row_version + 1 where id = @UserId", new { now = clock.Now(), state.UserId });
            await sql.Run("update ldap_users set off_by_run = null where user_id = @UserId", new { state.UserId });
            await audit.Write(sql, actor, "user.enabled", new("user", state.UserId, ""), $"disabled: {state.Because}", "active");
        }
        foreach (var state in notes.Deleted.Where(s => untouched.Contains(s.UserId)))
        {
            await sql.Run("update users set deleted_at = null, updated_at = @now, row_version = row_version + 1 where id = @UserId", new { now = clock.Now(), state.UserId });
            await sql.Run("update ldap_users set off_by_run = null where user_id = @UserId", new { state.UserId });
            await audit.Write(sql, actor, "user.undeleted", new("user", state.UserId, ""), "deleted", "active");
        }
        foreach (var state in notes.Restored.Where(s => untouched.Contains(s.UserId)))
        {
            if ((await disable.Within(sql, state.UserId, state.Because, actor)).Passed(out _, out _)) await sql.Run("update ldap_users set off_by_run = 'undo' where user_id = @UserId", new { state.UserId });
        }
        foreach (var before in notes.Changed.Where(c => untouched.Contains(c.UserId))) await Rename(sql, before, actor);
        foreach (var before in notes.ChangedTeams)
        {
            await sql.Run("update groups set name = @Name, name_folded = @folded, row_version = row_version + 1 where id = @GroupId and name <> @Name and not exists (select 1 from groups o where o.name_folded = @folded and o.id <> @GroupId)", new { before.Name, folded = UserStore.Fold(before.Name), before.GroupId });
            await sql.Run("update ldap_groups set dn = @Dn, gone_at = @GoneAt where group_id = @GroupId", new { before.Dn, before.GoneAt, before.GroupId });
        }
        foreach (var id in notes.Created) Count(await Remove(sql, id, actor));
        foreach (var id in notes.CreatedTeams)
        {
            // One that an admin has used since stays.
            var gone = await sql.Run("delete from groups where id = @id and not exists (select 1 from group_members m where m.group_id = groups.id) and not exists (select 1 from client_groups c where c.group_id = groups.id)", new { id });
            Count(gone == 1);
        }
        return new(back, kept);
    }

    private async Task Rename(Sql sql, UndoNotes.Before before, Actor actor)
    {
        var taken = await sql.One<long>("select count(*) from users where id <> @UserId and (user_name_folded = @name or email_folded = @email)", new { before.UserId, name = UserStore.Fold(before.UserName), email = UserStore.Fold(before.Email) });
        if (taken > 0) return;
        await sql.Run("""
            update users set user_name = @UserName, user_name_folded = @name, email = @Email, email_folded = @email2, email_verified = @EmailVerified, display_name = @DisplayName,
                given_name = @GivenName, family_name = @FamilyName, updated_at = @now, row_version = row_version + 1 where id = @UserId
            """, new { before.UserName, name = UserStore.Fold(before.UserName), before.Email, email2 = UserStore.Fold(before.Email), before.EmailVerified, before.DisplayName, before.GivenName, before.FamilyName, now = clock.Now(), before.UserId });
        await sql.Run("update ldap_users set dn = @Dn where user_id = @UserId", new { before.Dn, before.UserId });
        await audit.Write(sql, actor, "user.edited", new("user", before.UserId, before.Email), after: "names as before the sync");
    }

    /// <summary>An account nobody ever used goes; one that was used is only switched off, with its passkeys.</summary>
    private async Task<bool> Remove(Sql sql, string id, Actor actor)
    {
        if (await UserStore.Find(sql, id) is not { } user) return false;
        var used = user.LastSignInAt is not null || user.RowVersion != 1 || await sql.One<long>("select count(*) from passkeys where user_id = @id", new { id }) + await sql.One<long>("select count(*) from sessions where user_id = @id", new { id }) > 0;
        if (used)
        {
            if ((await disable.Within(sql, id, "the sync that made the account was taken back", actor)).Passed(out _, out _)) await sql.Run("update ldap_users set off_by_run = 'undo' where user_id = @id", new { id });
            return false;
        }
        await sql.Run("delete from users where id = @id", new { id });
        await sql.Run("delete from ldap_users where user_id = @id", new { id });
        await audit.Write(sql, actor, "user.removed", user.AuditTarget, "made by a sync", "the sync was taken back");
        return true;
    }

    private sealed record VersionRow
    {
        public string Id { get; init; } = "";
        public long RowVersion { get; init; }
    }
}
