using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Ldap.Configure;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Sync;

/// <summary>Writes a plan, all of it in the transaction it is given. Passkeys, factors and sessions are not its business: switching off raises the epoch, which ends sessions, and deletes nothing.</summary>
internal sealed class ApplyPlan(AuditLog audit, DisableUser disable, DeleteUser delete, PromoteUser promote, TimeProvider clock)
{
    /// <summary>What was written, and what was left out after all (the last admin).</summary>
    public async Task<(UndoNotes Undo, IReadOnlyList<LeftAlone> Spared)> Run(Sql sql, string runId, SyncPlan plan, LocalState local, DirectorySettings settings, Actor actor)
    {
        var undo = new UndoNotes();
        var spared = new List<LeftAlone>();
        var users = local.Users.Where(u => u.Exists).ToDictionary(u => u.StableId, u => u.UserId, StringComparer.Ordinal);
        var teams = local.Teams.ToDictionary(t => t.StableId, t => t.GroupId, StringComparer.Ordinal);
        // Whoever gives up a name or an address does so before somebody else takes it.
        foreach (var item in plan.Items.OrderBy(i => i is CreateTeam ? 1 : i is ChangeMembers ? 2 : 0))
        {
            if (item is CreateTeam or ChangeMembers && undo.Created.Count == 0) await Create(sql, runId, plan, settings, actor, users, undo);
            switch (item)
            {
                case ChangePerson change:
                    await Change(sql, change, settings, actor);
                    var old = change.User;
                    undo.Changed.Add(new(old.UserId, 0, old.UserName, old.Email, old.EmailVerified, old.DisplayName, old.GivenName, old.FamilyName, old.Dn));
                    break;
                case SwitchOff off:
                    await Off(sql, runId, off, actor, undo, spared);
                    break;
                case SwitchOn on:
                    await On(sql, on, actor, undo);
                    break;
                case GiveRole role:
                    if ((await promote.Within(sql, role.User.UserId, role.Admin ? Role.Admin : Role.User, actor)).Refusal is { } refused)
                    {
                        spared.Add(new(role.Name, role.Dn, new LastAdminSpared(role.Dn, role.User.Ref, refused is Accounts.LastAdmin ? "demote" : "change the role of"), Conflict: true, role.User.UserId));
                        break;
                    }
                    await sql.Run("update ldap_users set admin_by_run = @by where user_id = @id", new { by = role.Admin ? runId : null, id = role.User.UserId });
                    (role.Admin ? undo.Promoted : undo.Demoted).Add(new(role.User.UserId, 0, null));
                    break;
                case CreateTeam create:
                    var group = new Group { Id = clock.NewId(), Name = create.Team.Name, Description = "", CreatedAt = clock.Now(), RowVersion = 1 };
                    await GroupStore.Insert(sql, group);
                    await sql.Run("insert into ldap_groups (group_id, stable_id, dn) values (@Id, @stable, @Dn)", new { group.Id, stable = create.Team.Id, create.Team.Dn });
                    await audit.Write(sql, actor, "group.created", group.AuditTarget, after: create.Dn);
                    teams[create.Team.Id] = group.Id;
                    undo.CreatedTeams.Add(group.Id);
                    break;
                case RenameTeam rename:
                    await ChangeTeam(sql, rename.Group, rename.Team.Name, rename.Team.Dn, null, undo);
                    if (rename.NameChanges) await audit.Write(sql, actor, "group.renamed", new("group", rename.Group.GroupId, rename.Team.Name), rename.Group.Name, rename.Team.Name);
                    break;
                case TeamGone gone:
                    await ChangeTeam(sql, gone.Group, gone.Group.Name, gone.Group.Dn, clock.Now(), undo);
                    await audit.Write(sql, actor, "group.left_directory", new("group", gone.Group.GroupId, gone.Group.Name), gone.Group.Dn);
                    break;
                case ChangeMembers change:
                    undo.Memberships.Add(await Members(sql, change, users, teams, actor));
                    break;
            }
        }
        if (undo.Created.Count == 0) await Create(sql, runId, plan, settings, actor, users, undo);
        return (await Versions(sql, undo), spared);
    }

    private async Task Create(Sql sql, string runId, SyncPlan plan, DirectorySettings settings, Actor actor, Dictionary<string, string> users, UndoNotes undo)
    {
        var now = clock.Now();
        var made = plan.Items.OfType<CreatePerson>().Select(create => (create, User: new User
        {
            Id = clock.NewId(),
            UserName = create.Person.UserName,
            Email = create.Person.Email,
            EmailVerified = settings.TrustEmail,
            DisplayName = create.Person.DisplayName,
            GivenName = create.Person.GivenName,
            FamilyName = create.Person.FamilyName,
            Source = "ldap",
            Role = create.Admin ? Role.Admin : Role.User,
            CreatedAt = now,
        })).ToArray();
        if (made.Length == 0) return;
        await UserStore.InsertMany(sql, made.Select(m => m.User));
        // What an earlier sync deleted may have left its row.
        var (stale, values) = sql.Among("stable_id", made.Select(m => m.create.Person.Id));
        await sql.Run($"delete from ldap_users where {stale}", new { values });
        await sql.InsertMany("ldap_users", [("user_id", "text"), ("stable_id", "text"), ("dn", "text"), ("admin_by_run", "text"), ("linked_at", "bigint")],
            made.Select(m => new object?[] { m.User.Id, m.create.Person.Id, m.create.Person.Dn, m.create.Admin ? runId : null, now }));
        await audit.WriteMany(sql, actor, "user.created", made.Select(m => (m.User.AuditTarget, (string?)$"{m.User.Email}, {m.User.Role}; {m.create.Person.Dn}")));
        foreach (var (create, user) in made)
        {
            users[create.Person.Id] = user.Id;
            undo.Created.Add(user.Id);
        }
    }

    private async Task Change(Sql sql, ChangePerson change, DirectorySettings settings, Actor actor)
    {
        var (user, person) = (change.User, change.Person);
        await sql.Run("""
            update users set user_name = @UserName, user_name_folded = @nameFolded, email = @Email, email_folded = @emailFolded, email_verified = @EmailVerified,
                display_name = @DisplayName, given_name = @given, family_name = @family, updated_at = @now, row_version = row_version + 1 where id = @UserId
            """, new
        {
            person.UserName,
            nameFolded = UserStore.Fold(person.UserName),
            person.Email,
            emailFolded = UserStore.Fold(person.Email),
            change.EmailVerified,
            person.DisplayName,
            given = settings.Mapping.GivenName.Length > 0 ? person.GivenName : user.GivenName,
            family = settings.Mapping.FamilyName.Length > 0 ? person.FamilyName : user.FamilyName,
            now = clock.Now(),
            user.UserId,
        });
        await sql.Run("update ldap_users set dn = @Dn where user_id = @UserId", new { person.Dn, user.UserId });
        await audit.Write(sql, actor, "user.edited", new("user", user.UserId, person.Email), after: change.Difference);
    }

    private async Task Off(Sql sql, string runId, SwitchOff off, Actor actor, UndoNotes undo, List<LeftAlone> spared)
    {
        var id = off.User.UserId;
        var done = off.Delete ? await delete.Within(sql, id, actor) : await disable.Within(sql, id, off.Because, actor);
        if (done.Refusal is not null)
        {
            spared.Add(new(off.Name, off.Dn, new LastAdminSpared(off.Dn, off.User.Ref, off.Act), Conflict: true, id));
            return;
        }
        // A deletion by the sync can be undone by the sync; one by an admin cannot.
        await sql.Run("update ldap_users set off_by_run = @runId where user_id = @id", new { runId, id });
        (off.Delete ? undo.Deleted : undo.Disabled).Add(new(id, 0, off.Because));
    }

    private async Task On(Sql sql, SwitchOn on, Actor actor, UndoNotes undo)
    {
        var id = on.User.UserId;
        if (on.User.DisabledAt is not null || on.User.DeletedAt is not null)
        {
            await sql.Run("update users set disabled_at = null, disabled_by = null, disabled_because = null, deleted_at = null, updated_at = @now, row_version = row_version + 1 where id = @id", new { now = clock.Now(), id });
            await audit.Write(sql, actor, "user.enabled", new("user", id, on.User.Email), "switched off by the sync", "active");
            undo.Restored.Add(new(id, 0, "the sync that restored it was taken back"));
        }
        await sql.Run("update ldap_users set off_by_run = null, dn = @Dn where user_id = @id", new { on.Person.Dn, id });
    }

    private static async Task ChangeTeam(Sql sql, LinkedTeam group, string name, string dn, long? goneAt, UndoNotes undo)
    {
        if (group.Name != name)
            await sql.Run("update groups set name = @name, name_folded = @folded, row_version = row_version + 1 where id = @GroupId", new { name, folded = UserStore.Fold(name), group.GroupId });
        await sql.Run("update ldap_groups set dn = @dn, gone_at = @goneAt where group_id = @GroupId", new { dn, goneAt, group.GroupId });
        undo.ChangedTeams.Add(new(group.GroupId, group.Name, group.Dn, group.GoneAt));
    }

    private async Task<UndoNotes.Members> Members(Sql sql, ChangeMembers change, Dictionary<string, string> users, Dictionary<string, string> teams, Actor actor)
    {
        var (group, now) = (teams[change.TeamId], clock.Now());
        var joins = change.Joins.Select(id => users.GetValueOrDefault(id)).OfType<string>().ToArray();
        var (joining, joined) = sql.Among("u.id", joins);
        if (joins.Length > 0)
        {
            await sql.Run($"insert into group_members (group_id, user_id, added_at) select @group, u.id, cast(@now as bigint) from users u where {joining} on conflict (group_id, user_id) do nothing", new { group, now, values = joined });
            await sql.Run($"insert into ldap_memberships (group_id, user_id) select @group, u.id from users u where {joining} on conflict (group_id, user_id) do nothing", new { group, values = joined });
        }
        if (change.Leaves.Count > 0)
        {
            var (leaving, left) = sql.Among("user_id", change.Leaves);
            await sql.Run($"delete from group_members where group_id = @group and {leaving}", new { group, values = left });
            await sql.Run($"delete from ldap_memberships where group_id = @group and {leaving}", new { group, values = left });
        }
        await audit.Write(sql, actor, "group.members_synced", new("group", group, change.TeamName), after: change.Detail);
        return new(group, joins, [.. change.Leaves]);
    }

    /// <summary>The row versions as this run leaves them: whoever touches an account later moves it on, and an undo then leaves that account alone.</summary>
    private static async Task<UndoNotes> Versions(Sql sql, UndoNotes undo)
    {
        string[] touched = [.. undo.Changed.Select(c => c.UserId), .. undo.Disabled.Concat(undo.Deleted).Concat(undo.Restored).Concat(undo.Promoted).Concat(undo.Demoted).Select(s => s.UserId)];
        if (touched.Length == 0) return undo;
        var (condition, values) = sql.Among("id", touched.Distinct(StringComparer.Ordinal));
        var versions = (await sql.List<VersionRow>($"""select id as "Id", row_version as "RowVersion" from users where {condition}""", new { values })).ToDictionary(v => v.Id, v => v.RowVersion, StringComparer.Ordinal);
        List<UndoNotes.State> Now(List<UndoNotes.State> states) => [.. states.Select(s => s with { RowVersion = versions[s.UserId] })];
        return undo with
        {
            Changed = [.. undo.Changed.Select(c => c with { RowVersion = versions[c.UserId] })],
            Disabled = Now(undo.Disabled),
            Deleted = Now(undo.Deleted),
            Restored = Now(undo.Restored),
            Promoted = Now(undo.Promoted),
            Demoted = Now(undo.Demoted),
        };
    }

    private sealed record VersionRow
    {
        public string Id { get; init; } = "";
        public long RowVersion { get; init; }
    }
}
