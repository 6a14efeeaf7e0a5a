using Gatehouse.Accounts;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Accounts;

public sealed class UserTestsOnSqlite : UserTests
{
    private protected override Task<RoomsOverData> Open() => RoomsOverData.Open();
}

public sealed class UserTestsOnPostgres(PostgresCluster postgres) : UserTests
{
    private protected override Task<RoomsOverData> Open() => RoomsOverData.Open(postgres);
}

public abstract class UserTests
{
    private static readonly Actor Ada = RoomsOverData.Ada;

    private protected abstract Task<RoomsOverData> Open();

    [Fact]
    public async Task A_user_is_created_with_names_made_from_the_email()
    {
        await using var rooms = await Open();
        var user = await Create(rooms, "grace@example.com");
        Assert.Equal(("grace", "grace", "grace@example.com", Role.User), (user.UserName, user.DisplayName, user.Email, user.Role));
        var second = await Create(rooms, "grace@example.net");
        Assert.Equal("grace2", second.UserName);
        Assert.Equal(["user.created", "user.created"], await rooms.Audited());
    }

    [Fact]
    public async Task Names_are_unique_without_regard_to_case()
    {
        await using var rooms = await Open();
        await Create(rooms, "grace@example.com");
        var create = rooms.Get<CreateUser>();
        Assert.IsType<EmailTaken>((await create.Run(new("GRACE@Example.COM"), Ada)).Refusal);
        Assert.IsType<UserNameTaken>((await create.Run(new("other@example.com", UserName: "Grace"), Ada)).Refusal);
    }

    [Fact]
    public async Task Two_who_create_the_same_account_at_once_make_one()
    {
        await using var rooms = await Open();
        var create = rooms.Get<CreateUser>();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => create.Run(new("grace@example.com"), Ada)));
        Assert.Single(outcomes, o => o.Refusal is null);
        Assert.Equal(7, outcomes.Count(o => o.Refusal is EmailTaken));
    }

    [Fact]
    public async Task D06_of_two_who_edit_the_same_user_the_second_is_told()
    {
        await using var rooms = await Open();
        var user = await Create(rooms, "grace@example.com");
        var edit = rooms.Get<EditUser>();
        Assert.Null((await edit.Run(user.Id, user.RowVersion, new("grace", "grace@example.com", "Grace Hopper", null, null), Ada)).Refusal);
        Assert.IsType<ChangedMeanwhile>((await edit.Run(user.Id, user.RowVersion, new("grace", "grace@example.com", "G. Hopper", null, null), Ada)).Refusal);
        Assert.Equal("Grace Hopper", (await Find(rooms, user.Id))!.DisplayName);
    }

    [Fact]
    public async Task A_new_address_is_not_verified()
    {
        await using var rooms = await Open();
        var user = (await rooms.Get<CreateUser>().Run(new("grace@example.com", EmailVerified: true), Ada)).Value;
        var same = (await rooms.Get<EditUser>().Run(user.Id, 1, new("grace", "Grace@example.com", "Grace", null, null), Ada)).Value;
        Assert.True(same.EmailVerified);
        var other = (await rooms.Get<EditUser>().Run(user.Id, same.RowVersion, new("grace", "hopper@example.com", "Grace", null, null), Ada)).Value;
        Assert.False(other.EmailVerified);
    }

    [Fact]
    public async Task Disabling_ends_the_epoch_and_remembers_who_and_why()
    {
        await using var rooms = await Open();
        var user = await Create(rooms, "grace@example.com");
        var disabled = (await rooms.Get<DisableUser>().Run(user.Id, "left the company", Ada)).Value;
        Assert.Equal(("ada@example.com", "left the company", user.Epoch + 1), (disabled.DisabledBy, disabled.DisabledBecause, disabled.Epoch));
        var enabled = (await rooms.Get<EnableUser>().Run(user.Id, Ada)).Value;
        Assert.True(enabled.IsActive);
        Assert.Equal(user.Epoch + 1, enabled.Epoch);
        Assert.Equal(["user.created", "user.disabled", "user.enabled"], await rooms.Audited());
    }

    [Fact]
    public async Task C144_the_last_admin_is_neither_demoted_disabled_nor_deleted()
    {
        await using var rooms = await Open();
        var admin = await CreateAdmin(rooms, "root@example.com");
        var disabledAdmin = await CreateAdmin(rooms, "gone@example.com");
        Assert.Null((await rooms.Get<DisableUser>().Run(disabledAdmin.Id, null, Ada)).Refusal);
        Assert.IsType<LastAdmin>((await rooms.Get<DisableUser>().Run(admin.Id, null, Ada)).Refusal);
        Assert.IsType<LastAdmin>((await rooms.Get<DeleteUser>().Run(admin.Id, Ada)).Refusal);
        Assert.IsType<LastAdmin>((await rooms.Get<PromoteUser>().Run(admin.Id, Role.Viewer, Ada)).Refusal);
        Assert.True((await Find(rooms, admin.Id))!.IsActive);
    }

    [Fact]
    public async Task D03_two_admins_who_end_each_other_at_once_leave_one()
    {
        await using var rooms = await Open();
        for (var round = 0; round < 5; round++)
        {
            var one = await CreateAdmin(rooms, $"one{round}@example.com");
            var two = await CreateAdmin(rooms, $"two{round}@example.com");
            var three = await CreateAdmin(rooms, $"three{round}@example.com");
            Task<Outcome<User>>[] acts = [rooms.Get<DisableUser>().Run(one.Id, null, Ada), rooms.Get<DeleteUser>().Run(two.Id, Ada), rooms.Get<PromoteUser>().Run(three.Id, Role.User, Ada)];
            var outcomes = await Task.WhenAll(acts);
            Assert.Single(outcomes, o => o.Refusal is LastAdmin);
            Assert.Equal(1, await rooms.Database.Read(sql => sql.One<long>("select count(*) from users where role = 'admin' and disabled_at is null and deleted_at is null")));
            // The survivor leaves, so that the next round begins with nobody.
            await rooms.Database.Write(sql => sql.Run("delete from users"));
        }
    }

    [Fact]
    public async Task A_deleted_user_can_come_back_for_a_week_and_then_is_gone()
    {
        await using var rooms = await Open();
        var user = await Create(rooms, "grace@example.com");
        Assert.Null((await rooms.Get<DeleteUser>().Run(user.Id, Ada)).Refusal);
        Assert.True(Assert.IsType<EmailTaken>((await rooms.Get<CreateUser>().Run(new("grace@example.com"), Ada)).Refusal).Deleted);
        Assert.Null((await rooms.Get<UndoDeleteUser>().Run(user.Id, Ada)).Refusal);
        Assert.True((await Find(rooms, user.Id))!.IsActive);
        Assert.Null((await rooms.Get<DeleteUser>().Run(user.Id, Ada)).Refusal);
        using var purge = new PurgeDeletedUsers(rooms.Database, [], rooms.Get<AuditLog>(), rooms.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger<PurgeDeletedUsers>.Instance);
        rooms.Clock.Advance(TimeSpan.FromDays(6));
        Assert.Equal(0, await purge.Run());
        rooms.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(1, await purge.Run());
        Assert.Null(await Find(rooms, user.Id));
        Assert.IsType<NoSuchUser>((await rooms.Get<UndoDeleteUser>().Run(user.Id, Ada)).Refusal);
        Assert.Null((await rooms.Get<CreateUser>().Run(new("grace@example.com"), Ada)).Refusal);
    }

    [Fact]
    public async Task CVE_2026_33503_C117_D08_search_takes_text_for_text_and_pages_stay_in_bounds()
    {
        await using var rooms = await Open();
        await Create(rooms, "grace@example.com");
        await Create(rooms, "per_cent@example.com");
        var find = rooms.Get<FindUsers>();
        Assert.Equal(1, (await find.Run(new("_", "", "name", false, 1))).Total);
        Assert.Equal(0, (await find.Run(new("%", "", "name", false, 1))).Total);
        Assert.Equal(0, (await find.Run(new("' or 1=1 --", "", "name", false, 1))).Total);
        Assert.Equal(2, (await find.Run(new("EXAMPLE", "", "email", true, 1))).Lines.Count);
        Assert.Empty((await find.Run(new("", "", "name", false, 100_000))).Lines);
        Assert.Equal(2, (await find.Run(new("", "locked-out", "last", false, 1))).Total);
        Gatehouse.Web.StrictParameters.TryParse("sort=id;drop&page=-1&state=x&order=up", out var query);
        var question = UserQuestion.From(query);
        Assert.Equal(("name", "", 1, false), (question.Sort, question.State, question.Page, question.Descending));
        foreach (var sort in UserQuestion.Sorts)
            Assert.Equal(2, (await find.Run(new("", "active", sort, true, 1))).Lines.Count);
    }

    [Fact]
    public async Task A_group_is_made_renamed_filled_and_deleted_by_name()
    {
        await using var rooms = await Open();
        var user = await Create(rooms, "grace@example.com");
        var group = (await rooms.Get<CreateGroup>().Run("ops", null, Ada)).Value;
        Assert.IsType<GroupNameTaken>((await rooms.Get<CreateGroup>().Run("OPS", null, Ada)).Refusal);
        Assert.True((await rooms.Get<AddMember>().Run(group.Id, user.Id, Ada)).Value);
        Assert.False((await rooms.Get<AddMember>().Run(group.Id, user.Id, Ada)).Value);
        Assert.IsType<NoSuchUser>((await rooms.Get<AddMember>().Run(group.Id, "nobody", Ada)).Refusal);
        Assert.Equal(1, (await rooms.Get<FindGroups>().Members(group.Id, 1)).Total);
        Assert.Equal(0, (await rooms.Get<FindUsers>().Run(new("", "", "name", false, 1, NotInGroup: group.Id))).Total);
        var renamed = (await rooms.Get<RenameGroup>().Run(group.Id, 1, "operations", "keeps it running", Ada)).Value;
        Assert.IsType<ChangedMeanwhile>((await rooms.Get<RenameGroup>().Run(group.Id, 1, "sre", "", Ada)).Refusal);
        Assert.Equal(1, Assert.Single((await rooms.Get<FindGroups>().Run("oper", 1)).Lines).Members);
        Assert.IsType<NotConfirmed>((await rooms.Get<DeleteGroup>().Run(group.Id, "ops", Ada)).Refusal);
        Assert.Null((await rooms.Get<DeleteGroup>().Run(group.Id, renamed.Name, Ada)).Refusal);
        Assert.Empty(await rooms.Database.Read(sql => GroupStore.Of(sql, user.Id)));
        Assert.Equal(["user.created", "group.created", "group.member_added", "group.renamed", "group.deleted"], await rooms.Audited());
    }

    [Fact]
    public async Task The_remedy_adds_to_the_group_once_and_takes_back_only_what_it_did()
    {
        await using var rooms = await Open();
        var user = await Create(rooms, "grace@example.com");
        var group = (await rooms.Get<CreateGroup>().Run("ops", null, Ada)).Value;
        var remedy = new AddUserToGroup(user.Ref, group.Ref);
        var handler = rooms.Get<IRemedyHandler<AddUserToGroup>>();
        var origin = new RemedyCase("GH-0000-0000", Causer.ProvenUser, LiveSession: true);
        var offer = await rooms.Database.Read(sql => handler.Offer(sql, remedy, origin));
        Assert.True(offer is { Available: true, OneClick: true });
        Assert.False((await rooms.Database.Read(sql => handler.Offer(sql, remedy, origin with { Causer = Causer.Stranger }))).OneClick);
        var undo = (await rooms.Database.Write(sql => handler.Apply(sql, remedy, origin, Ada))).Value;
        Assert.NotNull(undo);
        Assert.Null((await rooms.Database.Write(sql => handler.Apply(sql, remedy, origin, Ada))).Value);
        Assert.False((await rooms.Database.Read(sql => handler.Offer(sql, remedy, origin))).Available);
        Assert.True(await rooms.Database.Write(sql => handler.Undo(sql, remedy, undo, Ada)));
        Assert.False(await rooms.Database.Write(sql => handler.Undo(sql, remedy, undo, Ada)));
        Assert.Equal("GH-0000-0000", await rooms.Database.Read(sql => sql.One<string>("select reference from audit where action = 'group.member_added'")));
    }

    [Fact]
    public async Task The_remedy_restores_a_user_and_takes_it_back_only_while_nobody_touched_it()
    {
        await using var rooms = await Open();
        var user = await Create(rooms, "grace@example.com");
        await rooms.Get<DisableUser>().Run(user.Id, "on leave", Ada);
        var remedy = new RestoreUser(user.Ref);
        var handler = rooms.Get<IRemedyHandler<RestoreUser>>();
        var origin = new RemedyCase("GH-0000-0000", Causer.ProvenUser, LiveSession: false);
        Assert.True((await rooms.Database.Read(sql => handler.Offer(sql, remedy, origin))).Available);
        var undo = (await rooms.Database.Write(sql => handler.Apply(sql, remedy, origin, Ada))).Value!;
        Assert.True((await Find(rooms, user.Id))!.IsActive);
        Assert.True(await rooms.Database.Write(sql => handler.Undo(sql, remedy, undo, Ada)));
        Assert.Equal("on leave", (await Find(rooms, user.Id))!.DisabledBecause);
        undo = (await rooms.Database.Write(sql => handler.Apply(sql, remedy, origin, Ada))).Value!;
        await rooms.Get<PromoteUser>().Run(user.Id, Role.Viewer, Ada);
        Assert.False(await rooms.Database.Write(sql => handler.Undo(sql, remedy, undo, Ada)));
        Assert.True((await Find(rooms, user.Id))!.IsActive);
    }

    private static async Task<User> Create(RoomsOverData rooms, string email) => (await rooms.Get<CreateUser>().Run(new(email), Ada)).Value;

    private static async Task<User> CreateAdmin(RoomsOverData rooms, string email) => (await rooms.Get<CreateUser>().Run(new(email, Role: Role.Admin), Ada)).Value;

    private static Task<User?> Find(RoomsOverData rooms, string id) => rooms.Database.Read(sql => UserStore.Find(sql, id));
}
