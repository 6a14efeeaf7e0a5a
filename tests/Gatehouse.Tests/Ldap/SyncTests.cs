using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Ldap;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Sync;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.Ldap;

/// <summary>Syncs from a real slapd into both databases.</summary>
public class SyncTests(PostgresCluster postgres)
{
    private static readonly string Corp = Slapd.Person("ada") + Slapd.Person("bob") + Slapd.Person("cyd") + Slapd.Person("dot") + Slapd.Person("eve")
        + Slapd.Group("staff", Slapd.PersonDn("ada"), Slapd.PersonDn("bob"), Slapd.PersonDn("cyd")) + Slapd.Group("ops", Slapd.PersonDn("ada"), $"cn=staff,{Slapd.Groups}");

    private static Task<User?> User(SyncedRooms rooms, string name) => rooms.Services.Read(sql => UserStore.FindByIdentifier(sql, name));

    private static async Task<string[]> Members(SyncedRooms rooms, string group) => [.. (await rooms.Services.Read(sql => sql.List<string>("""
        select u.user_name from group_members m join users u on u.id = m.user_id join groups g on g.id = m.group_id where g.name = @group order by u.user_name
        """, new { group })))];

    private static Task<long> Count(SyncedRooms rooms, string table) => rooms.Services.Read(sql => sql.One<long>($"select count(*) from {table}"));

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_first_sync_makes_people_and_groups_and_a_second_finds_nothing_to_do(bool onPostgres)
    {
        await using var rooms = await SyncedRooms.Start(postgres, onPostgres, Corp, s => s with { AdminGroup = "ops" });
        var rehearsed = await rooms.Services.Rehearse();
        Assert.Equal((RunOutcome.Rehearsed, 5L, 5L), (rehearsed.Outcome, rehearsed.People, rehearsed.Created));
        Assert.Equal(0, await Count(rooms, "users"));
        var run = await rooms.Services.Sync();
        Assert.True(run.Outcome == RunOutcome.Applied, run.Refusal?.Evidence);
        Assert.Equal(rehearsed.Fingerprint, run.Fingerprint);
        var ada = (await User(rooms, "ADA@corp.example"))!;
        Assert.Equal(("ldap", "ada", "Ada Person", "Ada", "Person", false, Role.Admin), (ada.Source, ada.UserName, ada.DisplayName, ada.GivenName, ada.FamilyName, ada.EmailVerified, ada.Role));
        Assert.Equal(Role.User, (await User(rooms, "bob"))!.Role);
        Assert.Equal(["ada", "bob", "cyd"], await Members(rooms, "staff"));
        Assert.Equal(["ada"], await Members(rooms, "ops"));
        var again = await rooms.Services.Sync();
        Assert.Equal(RunOutcome.Unchanged, again.Outcome);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task L12_moved_renamed_gone_and_back_is_one_account_with_its_passkeys_and_without_its_sessions(bool onPostgres)
    {
        await using var rooms = await SyncedRooms.Start(postgres, onPostgres, Corp);
        await rooms.Services.Sync();
        var before = (await User(rooms, "bob"))!;
        await rooms.Get<Gatehouse.Data.Database>().Write(sql => sql.Run("""
            insert into passkeys (id, user_id, credential_id, public_key, algorithm, sign_count, aaguid, name, attestation, transports, backup_eligible, backed_up, created_at)
            values ('p1', @Id, 'c1', 'k', -7, 0, '', 'Key', '', '', false, false, 1)
            """, new { before.Id }));
        await rooms.Slapd.Change($"dn: {Slapd.PersonDn("bob")}\nchangetype: modrdn\nnewrdn: uid=robert\ndeleteoldrdn: 1\nnewsuperior: {Slapd.People}\n");
        await rooms.Slapd.Change($"dn: uid=robert,{Slapd.People}\nchangetype: modify\nreplace: mail\nmail: robert@corp.example\n");
        Assert.Equal(1, (await rooms.Services.Sync()).Updated);
        var renamed = (await User(rooms, "robert"))!;
        Assert.Equal((before.Id, "robert@corp.example"), (renamed.Id, renamed.Email));
        // Switched off in the directory.
        await rooms.Slapd.Change($"dn: uid=robert,{Slapd.People}\nchangetype: modify\nadd: objectClass\nobjectClass: shadowAccount\n-\nadd: shadowExpire\nshadowExpire: 1\n");
        Assert.Equal(1, (await rooms.Services.Sync()).Disabled);
        var off = (await User(rooms, "robert"))!;
        Assert.Contains("shadowExpire", off.DisabledBecause);
        Assert.StartsWith("directory sync", off.DisabledBy);
        Assert.True(off.Epoch > renamed.Epoch);
        Assert.Equal(1, await Count(rooms, "passkeys"));
        await rooms.Slapd.Change($"dn: uid=robert,{Slapd.People}\nchangetype: modify\ndelete: shadowExpire\n");
        Assert.Equal(1, (await rooms.Services.Sync()).Restored);
        Assert.True((await User(rooms, "robert"))!.IsActive);
        // Gone from the directory.
        await rooms.Slapd.Delete("eve");
        Assert.Equal(1, (await rooms.Services.Sync()).Disabled);
        Assert.False((await User(rooms, "eve"))!.IsActive);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_manual_disable_survives_every_sync(bool onPostgres)
    {
        await using var rooms = await SyncedRooms.Start(postgres, onPostgres, Corp);
        await rooms.Services.Sync();
        var cyd = (await User(rooms, "cyd"))!;
        await rooms.Get<DisableUser>().Run(cyd.Id, "under investigation", CorpDirectory.Admin);
        var run = await rooms.Services.Sync();
        Assert.Equal(RunOutcome.Unchanged, run.Outcome);
        Assert.IsType<DisabledHere>(Assert.Single(await rooms.Services.Entries(run, "skip")).Refusal);
        Assert.Equal("under investigation", (await User(rooms, "cyd"))!.DisabledBecause);
        await rooms.Get<DeleteUser>().Run(cyd.Id, CorpDirectory.Admin);
        rooms.Clock.Advance(TimeSpan.FromDays(8));
        await rooms.Get<IEnumerable<Microsoft.Extensions.Hosting.IHostedService>>().OfType<PurgeDeletedUsers>().Single().Run();
        Assert.Null(await User(rooms, "cyd"));
        run = await rooms.Services.Sync();
        Assert.Equal(0, run.Created);
        Assert.IsType<DeletedHere>(Assert.Single(await rooms.Services.Entries(run, "skip")).Refusal);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task L11_an_empty_answer_or_a_wrong_filter_switches_nobody_off_and_asks(bool onPostgres)
    {
        await using var rooms = await SyncedRooms.Start(postgres, onPostgres, Corp);
        await rooms.Services.Sync();
        await CorpDirectory.Save(rooms.Services, CorpDirectory.Settings(rooms.Slapd) with { UserFilter = "(objectClass=device)" }, null);
        var empty = await rooms.Services.Sync();
        Assert.Equal((RunOutcome.Braked, "ldap.empty_answer"), (empty.Outcome, empty.Code));
        Assert.Equal(5, await Count(rooms, "users where disabled_at is null"));
        await CorpDirectory.Save(rooms.Services, CorpDirectory.Settings(rooms.Slapd) with { UserFilter = "(|(uid=ada)(uid=bob)(uid=cyd))" }, null);
        var braked = await rooms.Services.Sync();
        Assert.Equal((RunOutcome.Braked, "ldap.brake", 2L), (braked.Outcome, braked.Code, braked.Disabled));
        Assert.Equal(5, await Count(rooms, "users where disabled_at is null"));
        // The background sync that meets the same brake again writes no second line.
        rooms.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(braked.Id, (await rooms.Get<SyncTimer>().RunIfDue(CancellationToken.None))!.Id);
        // Looked at and meant: applied. Changed since: refused.
        await rooms.Slapd.Delete("cyd");
        var stale = await rooms.Get<RunLdapSync>().Apply(braked.Id, "page", CorpDirectory.Admin, CancellationToken.None);
        Assert.Equal((RunOutcome.Failed, "ldap.plan_changed"), (stale.Outcome, stale.Code));
        var looked = await rooms.Services.Rehearse();
        Assert.IsType<SyncBraked>(looked.Refusal);
        var applied = await rooms.Get<RunLdapSync>().Apply(looked.Id, "page", CorpDirectory.Admin, CancellationToken.None);
        Assert.Equal((RunOutcome.Applied, 3L), (applied.Outcome, applied.Disabled));
        Assert.Equal(2, await Count(rooms, "users where disabled_at is null"));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task L13_L18_an_entry_with_the_name_or_address_of_a_local_admin_is_a_conflict_and_nothing_more(bool onPostgres)
    {
        await using var rooms = await SyncedRooms.Start(postgres, onPostgres, Corp + Slapd.Person("root", "root2@corp.example") + Slapd.Person("mallory", "BOSS@corp.example"));
        var root = (await rooms.Get<CreateUser>().Run(new("r@example.com", "root", Role: Role.Admin), CorpDirectory.Admin)).Value;
        var boss = (await rooms.Get<CreateUser>().Run(new("boss@corp.example", "boss", Role: Role.Admin), CorpDirectory.Admin)).Value;
        var run = await rooms.Services.Sync();
        Assert.Equal((5L, 2L), (run.Created, run.Conflicts));
        Assert.Equal(["ldap.email_conflict", "ldap.name_conflict"], (await rooms.Services.Entries(run, "conflict")).Select(e => e.Code).Order());
        foreach (var admin in new[] { root, boss }) Assert.Equal(admin, await rooms.Services.Read(sql => UserStore.Find(sql, admin.Id)));
        Assert.Equal(0, await Count(rooms, $"ldap_users where user_id in ('{root.Id}', '{boss.Id}')"));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_last_run_can_be_taken_back_where_nobody_touched_it_since(bool onPostgres)
    {
        await using var rooms = await SyncedRooms.Start(postgres, onPostgres, Corp, s => s with { BrakePercent = 100 });
        await rooms.Services.Sync();
        await rooms.Slapd.Delete("dot");
        await rooms.Slapd.Delete("eve");
        await rooms.Slapd.Change($"dn: {Slapd.PersonDn("ada")}\nchangetype: modify\nreplace: mail\nmail: ada2@corp.example\n");
        await rooms.Slapd.Change($"dn: cn=staff,{Slapd.Groups}\nchangetype: modify\ndelete: member\nmember: {Slapd.PersonDn("cyd")}\n-\nadd: member\nmember: {Slapd.PersonDn("ada")}x\n");
        await rooms.Slapd.Change(Slapd.Person("new").Replace("\nobjectClass", "\nchangetype: add\nobjectClass", StringComparison.Ordinal));
        var run = await rooms.Services.Sync();
        Assert.Equal((1L, 1L, 2L, 1L), (run.Created, run.Updated, run.Disabled, run.Memberships));
        // An admin touches one of them meanwhile.
        var eve = (await User(rooms, "eve"))!;
        await rooms.Get<EnableUser>().Run(eve.Id, CorpDirectory.Admin);
        await rooms.Get<DisableUser>().Run(eve.Id, "left for good", CorpDirectory.Admin);
        var undone = (await rooms.Get<UndoRun>().Run(run.Id, CorpDirectory.Admin)).Value;
        Assert.Equal((3, 1), (undone.TakenBack, undone.Kept));
        Assert.Equal("ada@corp.example", (await User(rooms, "ada"))!.Email);
        Assert.True((await User(rooms, "dot"))!.IsActive);
        Assert.Equal("left for good", (await User(rooms, "eve"))!.DisabledBecause);
        Assert.Null(await User(rooms, "new"));
        Assert.Equal(["ada", "bob", "cyd"], await Members(rooms, "staff"));
        Assert.IsType<CannotUndo>((await rooms.Get<UndoRun>().Run(run.Id, CorpDirectory.Admin)).Refusal);
        // The timer waits until an admin says so.
        rooms.Clock.Advance(TimeSpan.FromHours(5));
        Assert.Null(await rooms.Get<SyncTimer>().RunIfDue(CancellationToken.None));
        await rooms.Get<Gatehouse.Data.Database>().Write(sql => rooms.Get<SettingsStore>().Pause(sql, "", CorpDirectory.Admin));
        Assert.Equal(RunOutcome.Applied, (await rooms.Get<SyncTimer>().RunIfDue(CancellationToken.None))!.Outcome);
    }

    [Fact]
    public async Task An_account_that_was_used_is_not_removed_by_an_undo()
    {
        await using var rooms = await SyncedRooms.Start(postgres, false, Slapd.Person("ada") + Slapd.Person("bob"));
        var run = await rooms.Services.Sync();
        var ada = (await User(rooms, "ada"))!;
        await rooms.Get<Gatehouse.Data.Database>().Write(sql => sql.Run("update users set last_sign_in_at = 1 where id = @Id", new { ada.Id }));
        await rooms.Get<UndoRun>().Run(run.Id, CorpDirectory.Admin);
        Assert.False((await User(rooms, "ada"))!.IsActive);
        Assert.Null(await User(rooms, "bob"));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task L14_nested_groups_a_loop_and_memberships_written_by_an_admin(bool onPostgres)
    {
        await using var rooms = await SyncedRooms.Start(postgres, onPostgres, Corp + Slapd.Group("loop1", $"cn=loop2,{Slapd.Groups}", Slapd.PersonDn("dot")) + Slapd.Group("loop2", $"cn=loop1,{Slapd.Groups}", Slapd.PersonDn("eve")), s => s with { NestedGroups = true });
        var local = (await rooms.Get<CreateUser>().Run(new("zoe@example.com"), CorpDirectory.Admin)).Value;
        await rooms.Services.Sync();
        Assert.Equal(["ada", "bob", "cyd"], await Members(rooms, "ops"));
        Assert.Equal(["dot", "eve"], await Members(rooms, "loop1"));
        var ops = (await rooms.Services.Read(sql => GroupStore.FindByName(sql, "ops")))!;
        await rooms.Get<AddMember>().Run(ops.Id, local.Id, CorpDirectory.Admin);
        await rooms.Get<AddMember>().Run(ops.Id, (await User(rooms, "dot"))!.Id, CorpDirectory.Admin);
        Assert.Equal(RunOutcome.Unchanged, (await rooms.Services.Sync()).Outcome);
        await rooms.Slapd.Change($"dn: cn=ops,{Slapd.Groups}\nchangetype: delete\n");
        await rooms.Services.Sync();
        Assert.Equal(["dot", "zoe"], await Members(rooms, "ops"));
    }

    [Fact]
    public async Task Two_syncs_at_once_are_one_sync_and_one_refusal()
    {
        await using var rooms = await SyncedRooms.Start(postgres, false, Corp);
        var runs = await Task.WhenAll(rooms.Services.Sync(), rooms.Services.Sync(), rooms.Services.Sync());
        Assert.Single(runs, r => r.Outcome == RunOutcome.Applied);
        Assert.All(runs.Where(r => r.Outcome != RunOutcome.Applied), r => Assert.True(r.Code == "ldap.sync_running" || r.Outcome == RunOutcome.Unchanged));
        Assert.Equal(5, await Count(rooms, "users"));
    }

    [Fact]
    public async Task The_last_admin_stays_whatever_the_directory_says()
    {
        await using var rooms = await SyncedRooms.Start(postgres, false, Corp, s => s with { AdminGroup = "ops" });
        await rooms.Services.Sync();
        await rooms.Slapd.Change($"dn: cn=ops,{Slapd.Groups}\nchangetype: modify\ndelete: member\nmember: {Slapd.PersonDn("ada")}\n");
        var run = await rooms.Services.Sync();
        Assert.IsType<LastAdminSpared>(Assert.Single(await rooms.Services.Entries(run, "conflict")).Refusal);
        Assert.True((await User(rooms, "ada"))!.IsAdmin);
        await rooms.Slapd.Delete("ada");
        run = await rooms.Services.Sync();
        Assert.IsType<LastAdminSpared>((await rooms.Services.Entries(run, "conflict"))[0].Refusal);
        Assert.True((await User(rooms, "ada"))!.IsActive);
    }

    [Fact]
    public async Task What_cannot_be_an_account_is_skipped_with_its_reason()
    {
        await using var rooms = await SyncedRooms.Start(postgres, false, Slapd.Person("ada") + Slapd.Person("bad", "two@@corp.example") + Slapd.Person("nomail").Replace("mail: nomail@corp.example\n", "", StringComparison.Ordinal)
            + $"dn: cn=odd name,{Slapd.People}\nobjectClass: inetOrgPerson\ncn: odd name\nuid: odd name\nsn: x\nmail: odd@corp.example\n\n");
        var run = await rooms.Services.Sync();
        Assert.Equal((4L, 1L, 3L), (run.People, run.Created, run.Skipped));
        Assert.Equal(["ldap.entry_attribute_unusable", "ldap.entry_attribute_unusable", "ldap.entry_lacks_attribute"], (await rooms.Services.Entries(run, "skip")).Select(e => e.Code).Order());
    }
}
