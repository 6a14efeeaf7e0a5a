using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Gatehouse.Accounts.Users;
using Gatehouse.Ldap.Configure;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Sync;

/// <summary>One thing a sync would do, or why it leaves an entry alone.</summary>
internal abstract record PlanItem(string Name, string Dn)
{
    /// <summary>The word in lists and in the database.</summary>
    public abstract string Act { get; }
    public abstract string Detail { get; }
    public virtual string? UserId => null;
}

internal sealed record CreatePerson(DirectoryPerson Person, bool Admin) : PlanItem(Person.UserName, Person.Dn)
{
    public override string Act => "create";
    public override string Detail => $"{Person.DisplayName}, {Person.Email}{(Admin ? ", admin" : "")}";
}

internal sealed record ChangePerson(LinkedUser User, DirectoryPerson Person, bool EmailVerified, string Difference) : PlanItem(User.UserName, Person.Dn)
{
    public override string Act => "update";
    public override string Detail => Difference;
    public override string? UserId => User.UserId;
}

internal sealed record SwitchOff(LinkedUser User, string Because, bool Delete) : PlanItem(User.UserName, User.Dn)
{
    public override string Act => Delete ? "delete" : "disable";
    public override string Detail => Because;
    public override string? UserId => User.UserId;
}

internal sealed record SwitchOn(LinkedUser User, DirectoryPerson Person) : PlanItem(User.UserName, Person.Dn)
{
    public override string Act => "restore";
    public override string Detail => "the entry is there and in use again";
    public override string? UserId => User.UserId;
}

internal sealed record GiveRole(LinkedUser User, bool Admin, string Because) : PlanItem(User.UserName, User.Dn)
{
    public override string Act => Admin ? "promote" : "demote";
    public override string Detail => Because;
    public override string? UserId => User.UserId;
}

internal sealed record CreateTeam(DirectoryTeam Team) : PlanItem(Team.Name, Team.Dn)
{
    public override string Act => "create group";
    public override string Detail => Members(Team.MemberIds.Count, 0);

    internal static string Members(int joins, int leaves) => string.Create(CultureInfo.InvariantCulture, $"+{joins} −{leaves} members");
}

internal sealed record RenameTeam(LinkedTeam Group, DirectoryTeam Team, bool NameChanges) : PlanItem(Team.Name, Team.Dn)
{
    public override string Act => "update group";
    public override string Detail => NameChanges ? $"was called {Group.Name}" : "moved within the directory";
}

/// <summary>Its people leave it; the group itself stays, because applications may be restricted to it.</summary>
internal sealed record TeamGone(LinkedTeam Group) : PlanItem(Group.Name, Group.Dn)
{
    public override string Act => "group gone";
    public override string Detail => "the entry is gone: its members leave, the group itself stays until an admin deletes it";
}

/// <param name="Joins">Stable ids, because some are only created by the same plan.</param>
/// <param name="Leaves">User ids.</param>
internal sealed record ChangeMembers(string TeamId, string TeamName, string TeamDn, IReadOnlyList<string> Joins, IReadOnlyList<string> Leaves) : PlanItem(TeamName, TeamDn)
{
    public override string Act => "members";
    public override string Detail => CreateTeam.Members(Joins.Count, Leaves.Count);
}

internal sealed record LeftAlone(string What, string At, Refusal Why, bool Conflict, string? User = null) : PlanItem(What, At)
{
    public override string Act => Conflict ? "conflict" : "skip";
    public override string Detail => Why.Evidence;
    public override string? UserId => User;
}

/// <summary>What a sync would do. Made by a pure function of what the directory says and what we have; asked twice it says the same.</summary>
internal sealed record SyncPlan(IReadOnlyList<PlanItem> Items, int People, int Teams, int ActiveBefore)
{
    public int Count(string act) => Items.Count(i => i.Act == act);
    public int Off => Items.Count(i => i is SwitchOff);
    public int Memberships => Items.OfType<ChangeMembers>().Sum(m => m.Joins.Count + m.Leaves.Count);
    public bool ChangesNothing => Items.All(i => i is LeftAlone);

    /// <summary>Two plans with the same acts have the same one.</summary>
    public string Fingerprint
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var item in Items.Where(i => i is not LeftAlone))
            {
                hash.AppendData(Encoding.UTF8.GetBytes($"{item.Act}\0{item.Dn}\0{item.UserId}\0{item.Detail}\n"));
                if (item is ChangeMembers members) hash.AppendData(Encoding.UTF8.GetBytes(string.Join(' ', members.Joins.Order(StringComparer.Ordinal)) + "|" + string.Join(' ', members.Leaves.Order(StringComparer.Ordinal))));
            }
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }
}

/// <summary>Compares the directory with what we have.</summary>
internal static class MakePlan
{
    public static SyncPlan Run(DirectorySnapshot directory, LocalState local, DirectorySettings settings)
    {
        var items = new List<PlanItem>();
        var linked = local.Users.ToDictionary(u => u.StableId, StringComparer.Ordinal);
        var admins = Admins(directory, settings);
        var names = local.Holders.ToDictionary(h => h.NameFolded, StringComparer.Ordinal);
        var emails = local.Holders.ToDictionary(h => h.EmailFolded, StringComparer.Ordinal);
        var nameCount = Counted(directory.People.Select(p => UserStore.Fold(p.UserName)));
        var emailCount = Counted(directory.People.Select(p => UserStore.Fold(p.Email)));

        // Who ends up with an account, by stable id; null where it is made by this plan.
        var userIds = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var person in directory.People)
        {
            linked.TryGetValue(person.Id, out var user);
            // What a sync deleted itself may come back with the entry; a deletion by an admin stands.
            if (user is { Exists: false, OffByRun: not null }) user = null;
            if (user is { OffByRun: null } and ({ Exists: false } or { DeletedAt: not null }))
            {
                items.Add(new LeftAlone(person.UserName, person.Dn, new DeletedHere(person.Dn, user.UserId, user.Exists ? user.DisplayName : person.DisplayName), Conflict: false, user.Exists ? user.UserId : null));
                continue;
            }
            if (Collides(person, user, names, emails, nameCount, emailCount) is { } collision)
            {
                items.Add(new LeftAlone(person.UserName, person.Dn, collision, Conflict: true, user?.UserId));
                if (user is null) continue;
                // Names stay as they are; being switched off in the directory counts all the same.
                userIds[person.Id] = user.UserId;
                State(items, user, person, settings);
                continue;
            }
            if (user is null)
            {
                if (person.Off is { } off) items.Add(new LeftAlone(person.UserName, person.Dn, new EntrySwitchedOff(person.Dn, off), Conflict: false));
                else
                {
                    items.Add(new CreatePerson(person, admins.Contains(person.Id)));
                    userIds[person.Id] = null;
                }
                continue;
            }
            userIds[person.Id] = user.UserId;
            if (Difference(user, person, settings) is { Length: > 0 } difference) items.Add(new ChangePerson(user, person, Verified(user, person, settings), difference));
            State(items, user, person, settings);
            Roles(items, user, admins.Contains(person.Id), settings);
        }
        foreach (var skipped in directory.Skipped)
        {
            items.Add(new LeftAlone(skipped.Name, skipped.Dn, skipped.Why, Conflict: false));
            // The entry is there, so its person is not gone; what cannot be read changes nothing.
            if (skipped.Id is { } id && linked.TryGetValue(id, out var user) && user.Exists) userIds.TryAdd(id, user.UserId);
        }
        foreach (var user in local.Users.Where(u => u.Exists && u.DeletedAt is null && !userIds.ContainsKey(u.StableId)))
        {
            Gone(items, user, settings);
            if (user.AdminByRun is not null) Roles(items, user, wantsAdmin: false, settings);
        }
        if (directory.TeamsRead) Teams(items, directory, local, userIds);
        return new(items, directory.People.Count, directory.Teams.Count, local.Users.Count(u => u.IsActive));
    }

    private static HashSet<string> Admins(DirectorySnapshot directory, DirectorySettings settings)
    {
        if (settings.AdminGroup.Length == 0 || !directory.TeamsRead) return [];
        var key = Wire.DistinguishedName.Key(settings.AdminGroup);
        var byDn = directory.Teams.FirstOrDefault(t => Wire.DistinguishedName.Key(t.Dn) == key);
        // By name only when exactly one group is called so: a second one elsewhere must not make admins.
        var named = directory.Teams.Where(t => UserStore.Fold(t.Name) == UserStore.Fold(settings.AdminGroup)).ToArray();
        return (byDn ?? (named.Length == 1 ? named[0] : null)) is { } group ? group.MemberIds.ToHashSet(StringComparer.Ordinal) : [];
    }

    private static Dictionary<string, int> Counted(IEnumerable<string> folded) => folded.GroupBy(f => f, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);

    /// <summary>No silent merge (L13): an account is found by its stable id alone, never by name or address.</summary>
    private static Refusal? Collides(DirectoryPerson person, LinkedUser? user, Dictionary<string, Holder> names, Dictionary<string, Holder> emails, Dictionary<string, int> nameCount, Dictionary<string, int> emailCount)
    {
        var (name, email) = (UserStore.Fold(person.UserName), UserStore.Fold(person.Email));
        if (names.TryGetValue(name, out var holder) && holder.Id != user?.UserId) return new EntryNameTaken(person.Dn, person.UserName, new(holder.Id, holder.DisplayName), holder.Source, holder.Role);
        if (emails.TryGetValue(email, out holder) && holder.Id != user?.UserId) return new EntryEmailTaken(person.Dn, person.Email, new(holder.Id, holder.DisplayName), holder.Source, holder.Role);
        var hasName = user is not null && UserStore.Fold(user.UserName) == name;
        var hasEmail = user is not null && UserStore.Fold(user.Email) == email;
        if (nameCount[name] > 1 && !hasName) return new EntryShared(person.Dn, "user name", person.UserName, nameCount[name]);
        return emailCount[email] > 1 && !hasEmail ? new EntryShared(person.Dn, "e-mail", person.Email, emailCount[email]) : null;
    }

    private static void State(List<PlanItem> items, LinkedUser user, DirectoryPerson person, DirectorySettings settings)
    {
        if (person.Off is { } off)
        {
            if (user is { IsActive: true, OffByRun: null }) items.Add(new SwitchOff(user, off, Delete: false));
            else if (user.IsActive) items.Add(new LeftAlone(user.UserName, person.Dn, new KeptOnByAdmin(person.Dn, user.Ref, off), Conflict: false, user.UserId));
        }
        else if (user.OffByRun is not null || user.DisabledAt is not null)
        {
            if (user is { DisabledAt: not null, DeletedAt: null, IsOffBySync: false }) items.Add(new LeftAlone(user.UserName, person.Dn, new DisabledHere(person.Dn, user.Ref, user.DisabledBy ?? "an admin"), Conflict: false, user.UserId));
            else items.Add(new SwitchOn(user, person));
        }
    }

    private static void Gone(List<PlanItem> items, LinkedUser user, DirectorySettings settings)
    {
        const string because = "the entry is not in the directory any more, or no longer fits base and filter";
        if (user is { IsActive: true, OffByRun: null }) items.Add(new SwitchOff(user, because, Delete: !settings.SoftDelete));
        else if (user.IsActive) items.Add(new LeftAlone(user.UserName, user.Dn, new KeptOnByAdmin(user.Dn, user.Ref, because), Conflict: false, user.UserId));
    }

    private static void Roles(List<PlanItem> items, LinkedUser user, bool wantsAdmin, DirectorySettings settings)
    {
        if (wantsAdmin && user.Role != Role.Admin) items.Add(new GiveRole(user, Admin: true, $"member of {settings.AdminGroup}"));
        // A role that an admin gave stays.
        else if (!wantsAdmin && user is { Role: Role.Admin, AdminByRun: not null }) items.Add(new GiveRole(user, Admin: false, settings.AdminGroup.Length > 0 ? $"no longer a member of {settings.AdminGroup}" : "no group makes admins any more"));
    }

    private static bool Verified(LinkedUser user, DirectoryPerson person, DirectorySettings settings) =>
        settings.TrustEmail || user.EmailVerified && UserStore.Fold(user.Email) == UserStore.Fold(person.Email);

    private static string Difference(LinkedUser user, DirectoryPerson person, DirectorySettings settings)
    {
        var parts = new List<string>();
        void Compare(string what, string? old, string? now)
        {
            if (old != now) parts.Add($"{what} {old ?? "none"} → {now ?? "none"}");
        }
        Compare("user name", user.UserName, person.UserName);
        Compare("e-mail", user.Email, person.Email);
        Compare("display name", user.DisplayName, person.DisplayName);
        if (settings.Mapping.GivenName.Length > 0) Compare("given name", user.GivenName, person.GivenName);
        if (settings.Mapping.FamilyName.Length > 0) Compare("family name", user.FamilyName, person.FamilyName);
        if (Verified(user, person, settings) != user.EmailVerified && settings.TrustEmail) parts.Add("e-mail counts as verified");
        if (user.Dn != person.Dn) parts.Add($"moved from {user.Dn}");
        return string.Join(", ", parts);
    }

    private static void Teams(List<PlanItem> items, DirectorySnapshot directory, LocalState local, Dictionary<string, string?> userIds)
    {
        var linked = local.Teams.ToDictionary(t => t.StableId, StringComparer.Ordinal);
        var present = new HashSet<string>(StringComparer.Ordinal);
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var team in directory.Teams)
        {
            if (!present.Add(team.Id)) continue;
            linked.TryGetValue(team.Id, out var group);
            var folded = UserStore.Fold(team.Name);
            var taken = local.GroupNames.TryGetValue(folded, out var holder) && holder.Id != group?.GroupId;
            if (taken || !named.Add(folded))
            {
                items.Add(new LeftAlone(team.Name, team.Dn, taken ? new TeamNameTaken(team.Dn, team.Name, holder!) : new EntryShared(team.Dn, "group name", team.Name, 2), Conflict: true));
                continue;
            }
            var wanted = team.MemberIds.Where(userIds.ContainsKey).ToHashSet(StringComparer.Ordinal);
            if (group is null)
            {
                items.Add(new CreateTeam(team with { MemberIds = [.. wanted] }));
                if (wanted.Count > 0) items.Add(new ChangeMembers(team.Id, team.Name, team.Dn, [.. wanted], []));
                continue;
            }
            if (group.Name != team.Name || group.Dn != team.Dn || group.GoneAt is not null) items.Add(new RenameTeam(group, team, group.Name != team.Name));
            var has = local.Members.GetValueOrDefault(group.GroupId) ?? [];
            var stay = new HashSet<string>(StringComparer.Ordinal);
            var joins = new List<string>();
            foreach (var id in wanted)
            {
                if (userIds[id] is { } userId && has.Contains(userId)) stay.Add(userId);
                else joins.Add(id);
            }
            var leaves = has.Where(u => !stay.Contains(u)).ToArray();
            if (joins.Count > 0 || leaves.Length > 0) items.Add(new ChangeMembers(team.Id, team.Name, team.Dn, joins, leaves));
        }
        foreach (var group in local.Teams.Where(g => !present.Contains(g.StableId)))
        {
            var has = local.Members.GetValueOrDefault(group.GroupId) ?? [];
            if (group.GoneAt is null) items.Add(new TeamGone(group));
            if (has.Count > 0) items.Add(new ChangeMembers(group.StableId, group.Name, group.Dn, [], [.. has]));
        }
    }
}

/// <summary>Stops a sync that would do what hardly anybody means.</summary>
internal static class Brake
{
    public static Refusal? Judge(SyncPlan plan, DirectorySnapshot directory, LocalState local, DirectorySettings settings)
    {
        if (plan.ActiveBefore > 0 && directory.People.Count == 0 && plan.Off > 0) return new SyncFoundNobody(plan.ActiveBefore, directory.Skipped.Count);
        var members = local.Members.Values.Sum(m => m.Count);
        if (directory is { TeamsRead: true, Teams.Count: 0 } && local.Teams.Any(t => t.GoneAt is null) && members > 0) return new SyncFoundNoGroups(local.Teams.Count, members);
        // One of a handful may leave; from two on the share counts.
        if (plan.Off >= 2 && plan.Off * 100L > (long)settings.BrakePercent * plan.ActiveBefore) return new SyncBraked(plan.Off, plan.ActiveBefore, settings.BrakePercent);
        return null;
    }
}
