using Gatehouse.Ldap;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Sync;
using Gatehouse.Refusals;

namespace Gatehouse.Tests.Ldap;

/// <summary>The plan and the brake: pure functions of what the directory says and what we have.</summary>
public class PlanTests
{
    private static readonly DirectorySettings Settings = Presets.Apply(new(), "openldap") with { AdminGroup = "admins" };

    private static DirectoryPerson Person(string uid, string? email = null, string? off = null, string? dn = null) =>
        new("id-" + uid, dn ?? $"uid={uid},ou=people", uid, email ?? uid + "@corp.example", uid, null, null, off);

    private static LinkedUser Linked(string uid) => new()
    {
        UserId = "u-" + uid,
        StableId = "id-" + uid,
        Dn = $"uid={uid},ou=people",
        Exists = true,
        UserName = uid,
        Email = uid + "@corp.example",
        DisplayName = uid,
        Role = "user",
    };

    private static Holder HolderOf(LinkedUser u) => new() { Id = u.UserId, DisplayName = u.DisplayName, Source = "ldap", Role = u.Role, NameFolded = u.UserName, EmailFolded = u.Email };

    private static LocalState Local(params LinkedUser[] users) => new(users, [], [.. users.Where(u => u.Exists).Select(HolderOf)], new Dictionary<string, GroupRef>(), new Dictionary<string, HashSet<string>>());

    private static DirectorySnapshot Directory(params DirectoryPerson[] people) => new(people, [], [], [], TeamsRead: false);

    private static string[] Acts(DirectorySnapshot directory, LocalState local, DirectorySettings? settings = null) => [.. MakePlan.Run(directory, local, settings ?? Settings).Items.Select(i => $"{i.Act} {i.Name}")];

    [Fact]
    public void What_agrees_changes_nothing_and_says_the_same_twice()
    {
        var (directory, local) = (Directory(Person("ada"), Person("bob")), Local(Linked("ada"), Linked("bob")));
        var plan = MakePlan.Run(directory, local, Settings);
        Assert.True(plan.ChangesNothing);
        Assert.Equal(plan.Fingerprint, MakePlan.Run(Directory(Person("bob"), Person("ada")), local, Settings).Fingerprint);
    }

    [Fact]
    public void L12_a_move_and_a_new_name_are_the_same_account()
    {
        var plan = MakePlan.Run(Directory(Person("ada") with { UserName = "lovelace", Email = "lovelace@corp.example", Dn = "uid=lovelace,ou=other" }), Local(Linked("ada")), Settings);
        var change = Assert.IsType<ChangePerson>(Assert.Single(plan.Items));
        Assert.Equal("u-ada", change.UserId);
        Assert.Contains("ada → lovelace", change.Difference);
        Assert.Contains("moved from", change.Difference);
    }

    [Fact]
    public void L12_gone_and_switched_off_end_the_account_and_coming_back_restores_it()
    {
        Assert.Equal(["disable bob"], Acts(Directory(Person("ada")), Local(Linked("ada"), Linked("bob"))));
        Assert.Equal(["disable ada"], Acts(Directory(Person("ada", off: "nsAccountLock is TRUE")), Local(Linked("ada"))));
        Assert.Equal(["delete bob"], Acts(Directory(Person("ada")), Local(Linked("ada"), Linked("bob")), Settings with { SoftDelete = false }));
        var off = Linked("ada") with { DisabledAt = 1, DisabledBy = "directory sync", OffByRun = "r1" };
        Assert.Equal(["restore ada"], Acts(Directory(Person("ada")), Local(off)));
        Assert.Empty(Acts(Directory(Person("bob")), Local(off, Linked("bob"))));
    }

    [Fact]
    public void A_manual_disable_a_manual_enable_and_a_manual_deletion_survive()
    {
        var byHand = Linked("ada") with { DisabledAt = 1, DisabledBy = "grace@example.com" };
        Assert.IsType<DisabledHere>(Assert.IsType<LeftAlone>(Assert.Single(MakePlan.Run(Directory(Person("ada")), Local(byHand), Settings).Items)).Why);
        // Switched off by a sync, on by an admin, off by an admin again: the admin's word stands.
        Assert.IsType<DisabledHere>(Assert.IsType<LeftAlone>(Assert.Single(MakePlan.Run(Directory(Person("ada")), Local(byHand with { OffByRun = "r1" }), Settings).Items)).Why);
        var onByHand = Linked("ada") with { OffByRun = "r1" };
        Assert.IsType<KeptOnByAdmin>(Assert.IsType<LeftAlone>(MakePlan.Run(Directory(Person("bob")), Local(onByHand, Linked("bob")), Settings).Items.Single()).Why);
        var deleted = Linked("ada") with { DeletedAt = 1 };
        Assert.IsType<DeletedHere>(Assert.IsType<LeftAlone>(Assert.Single(MakePlan.Run(Directory(Person("ada")), Local(deleted), Settings).Items)).Why);
        var purged = Linked("ada") with { Exists = false };
        Assert.IsType<DeletedHere>(Assert.IsType<LeftAlone>(Assert.Single(MakePlan.Run(Directory(Person("ada")), Local(purged), Settings).Items)).Why);
        // What a sync deleted itself may come back.
        Assert.Equal(["restore ada"], Acts(Directory(Person("ada")), Local(deleted with { OffByRun = "r1" })));
        Assert.Equal(["create ada"], Acts(Directory(Person("ada")), Local(purged with { OffByRun = "r1" })));
    }

    [Fact]
    public void L13_nobody_is_merged_with_anybody()
    {
        var local = Local() with { Holders = [new() { Id = "u1", DisplayName = "Boss", Source = "local", Role = "admin", NameFolded = "boss", EmailFolded = "boss@corp.example" }] };
        var byName = Assert.IsType<LeftAlone>(Assert.Single(MakePlan.Run(Directory(Person("boss", "other@corp.example")), local, Settings).Items));
        Assert.True(byName.Conflict && byName.Why is EntryNameTaken { Role: "admin" });
        var byEmail = Assert.IsType<LeftAlone>(Assert.Single(MakePlan.Run(Directory(Person("ada", "BOSS@corp.example")), local, Settings).Items));
        Assert.IsType<EntryEmailTaken>(byEmail.Why);
        // Two new entries with one address: neither.
        Assert.Equal(["conflict ada", "conflict bob"], Acts(Directory(Person("ada", "office@corp.example"), Person("bob", "Office@corp.example")), Local()));
        // One of them had it already: it keeps it.
        Assert.Equal(["conflict bob"], Acts(Directory(Person("ada"), Person("bob", "ada@corp.example")), Local(Linked("ada"))));
        // A collision of names keeps nobody in who is switched off in the directory.
        Assert.Equal(["conflict bob", "disable bob"], Acts(Directory(Person("ada"), Person("bob", "ada@corp.example", off: "nsAccountLock is TRUE")), Local(Linked("ada"), Linked("bob"))));
    }

    [Fact]
    public void An_entry_that_cannot_be_read_is_not_taken_for_gone()
    {
        var skipped = new SkippedEntry("id-ada", "uid=ada,ou=people", "ada", new EntryLacksAttribute("uid=ada,ou=people", "mail", "e-mail"));
        Assert.Equal(["skip ada"], Acts(Directory() with { Skipped = [skipped] }, Local(Linked("ada"))));
    }

    [Theory]
    [InlineData("uid=ada", "ada", "ada@corp.example", "Ada", null)]
    [InlineData("uid=a\0da", "ada", "ada@corp.example", "Ada", "ldap.entry_attribute_unusable")]
    [InlineData("uid=ada", "ada<script>", "ada@corp.example", "Ada", "ldap.entry_attribute_unusable")]
    [InlineData("uid=ada", "ada@corp", "ada@corp.example", "Ada", "ldap.entry_attribute_unusable")]
    [InlineData("uid=ada", "ada", "ada@corp.example\r\nBcc: x@y", "Ada", "ldap.entry_attribute_unusable")]
    [InlineData("uid=ada", "ada", "ada@corp.example", "Ada\u202e", "ldap.entry_attribute_unusable")]
    [InlineData("uid=ada", "ada", "", "Ada", "ldap.entry_lacks_attribute")]
    public void Hostile_values_of_an_entry_become_no_account(string dn, string uid, string mail, string cn, string? code)
    {
        Assert.True(Gatehouse.Ldap.Wire.LdapReply.TryRead(Answers.Entry(1, dn, ("entryUUID", "id"), ("uid", uid), ("mail", mail), ("cn", cn)), out var reply, out _));
        Assert.Equal(code, MapEntries.Person(reply!.Entry!, Settings.Mapping, DateTimeOffset.UnixEpoch).Refusal?.Facts.Code);
    }

    [Fact]
    public void Admins_come_and_go_with_their_group_unless_an_admin_gave_the_role()
    {
        DirectorySnapshot With(params string[] admins) => Directory(Person("ada"), Person("bob")) with { TeamsRead = true, Teams = [new("g1", "cn=admins", "admins", [.. admins.Select(a => "id-" + a)])] };
        Assert.Contains("promote ada", Acts(With("ada"), Local(Linked("ada"), Linked("bob"))));
        Assert.Contains("demote ada", Acts(With("bob"), Local(Linked("ada") with { Role = "admin", AdminByRun = "r1" }, Linked("bob"))));
        Assert.DoesNotContain("demote ada", Acts(With("bob"), Local(Linked("ada") with { Role = "admin" }, Linked("bob"))));
        // Two groups of that name: none of them makes admins.
        var two = With("ada") with { Teams = [new("g1", "cn=admins,ou=a", "admins", ["id-ada"]), new("g2", "cn=admins,ou=b", "Admins", ["id-bob"])] };
        Assert.DoesNotContain(Acts(two, Local(Linked("ada"), Linked("bob"))), a => a.StartsWith("promote", StringComparison.Ordinal));
    }

    [Fact]
    public void L14_groups_inside_groups_end_at_a_loop_and_lose_nobody()
    {
        var people = Enumerable.Range(0, 10_000).Select(i => Person("u" + i)).ToArray();
        var index = new PeopleIndex(people);
        (string, ResolveMembers.Named) Group(string dn, params IEnumerable<string> members) => (Gatehouse.Ldap.Wire.DistinguishedName.Key(dn), ResolveMembers.Read(members, index));
        var groups = new[]
        {
            Group("cn=a", "cn=b", "UID=u0, OU=people"), Group("cn=b", "cn=c", "u1"), Group("cn=c", ["cn=a", .. people.Skip(2).Select(p => p.Dn)]), Group("cn=self", "cn=self"), Group("cn=out", "uid=nobody,ou=people"),
        };
        var nested = ResolveMembers.Run(groups, nested: true);
        Assert.Equal([10_000, 10_000, 10_000, 0, 0], nested.Select(m => m.Count));
        Assert.Equal([1, 1, 9_998, 0, 0], ResolveMembers.Run(groups, nested: false).Select(m => m.Count));
    }

    [Theory]
    [InlineData(10, 9, false)]
    [InlineData(10, 8, false)]
    [InlineData(10, 7, true)]
    [InlineData(2, 1, false)]
    [InlineData(2, 0, true)]
    [InlineData(1, 0, true)]
    public void The_brake_stops_at_more_than_a_fifth_and_at_nobody(int had, int left, bool stops)
    {
        var local = Local([.. Enumerable.Range(0, had).Select(i => Linked("u" + i))]);
        var directory = Directory([.. Enumerable.Range(0, left).Select(i => Person("u" + i))]);
        var plan = MakePlan.Run(directory, local, Settings);
        Assert.Equal(had - left, plan.Off);
        Assert.Equal(stops, Brake.Judge(plan, directory, local, Settings) is not null);
    }

    [Fact]
    public void No_groups_where_there_were_some_stops_too()
    {
        var local = Local(Linked("ada")) with { Teams = [new() { GroupId = "g", StableId = "gs", Name = "ops" }], Members = new Dictionary<string, HashSet<string>> { ["g"] = ["u-ada"] } };
        var directory = Directory(Person("ada")) with { TeamsRead = true };
        Assert.IsType<SyncFoundNoGroups>(Brake.Judge(MakePlan.Run(directory, local, Settings), directory, local, Settings));
        Assert.Null(Brake.Judge(MakePlan.Run(directory with { TeamsRead = false }, local, Settings), directory with { TeamsRead = false }, local, Settings));
    }
}
