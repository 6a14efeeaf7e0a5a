using Gatehouse.Accounts;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Ldap.Sync;

/// <summary>From entries to people and groups; pure.</summary>
internal static class MapEntries
{
    public static Outcome<DirectoryPerson> Person(DirectoryEntry entry, AttributeMapping mapping, DateTimeOffset now)
    {
        if (StableId.Of(entry, mapping.Id) is not { } id) return Missing(entry, mapping.Id, "id");
        if (entry.Dn.Any(char.IsControl) || entry.Dn.Length > 2000) return Odd(entry);
        if (entry.Text(mapping.UserName) is not { } typedName) return Missing(entry, mapping.UserName, "user name");
        if (!AccountNames.UserName(typedName).Passed(out var userName, out var refusal)) return Unusable(entry, mapping.UserName, refusal);
        if (entry.Text(mapping.Email) is not { } typedEmail) return Missing(entry, mapping.Email, "e-mail");
        if (!AccountNames.Email(typedEmail).Passed(out var email, out refusal)) return Unusable(entry, mapping.Email, refusal);
        var (givenText, familyText) = (entry.Text(mapping.GivenName), entry.Text(mapping.FamilyName));
        if (!AccountNames.DisplayOrNone("given_name", givenText).Passed(out var given, out refusal)) return Unusable(entry, mapping.GivenName, refusal);
        if (!AccountNames.DisplayOrNone("family_name", familyText).Passed(out var family, out refusal)) return Unusable(entry, mapping.FamilyName, refusal);
        var called = entry.Text(mapping.DisplayName) ?? ($"{given} {family}".Trim() is { Length: > 0 and <= 100 } both ? both : userName);
        if (!AccountNames.Display("display_name", called).Passed(out var displayName, out refusal)) return Unusable(entry, mapping.DisplayName, refusal);
        return new DirectoryPerson(id, entry.Dn, userName, email, displayName, given, family, SwitchedOff.Why(entry, now));
    }

    /// <summary>Name and id of a group; the members are worked out by <see cref="ResolveMembers"/>.</summary>
    public static Outcome<DirectoryTeam> Team(DirectoryEntry entry, AttributeMapping mapping)
    {
        if (StableId.Of(entry, mapping.GroupId) is not { } id) return Missing(entry, mapping.GroupId, "id");
        if (entry.Dn.Any(char.IsControl) || entry.Dn.Length > 2000) return Odd(entry);
        if (entry.Text(mapping.GroupName) is not { } typed) return Missing(entry, mapping.GroupName, "name");
        return AccountNames.Display("name", typed).Passed(out var name, out var refusal) ? new DirectoryTeam(id, entry.Dn, name, []) : Unusable(entry, mapping.GroupName, refusal);
    }

    /// <summary>What a list calls an entry that could not be mapped.</summary>
    public static string NameOf(DirectoryEntry entry, string attribute) => Printable.Cap(entry.Text(attribute) ?? entry.Dn.Split(',')[0], 100);

    private static EntryAttributeUnusable Odd(DirectoryEntry entry) => new(Printable.Cap(entry.Dn, 300), "dn", "it holds control characters or is longer than 2,000 characters.");

    private static EntryLacksAttribute Missing(DirectoryEntry entry, string attribute, string meaning) => new(Printable.Cap(entry.Dn, 300), attribute, meaning);

    private static EntryAttributeUnusable Unusable(DirectoryEntry entry, string attribute, Refusal why) => new(Printable.Cap(entry.Dn, 300), attribute, why.Evidence);
}

/// <summary>Who is in which group, through nested groups and around loops.</summary>
internal static class ResolveMembers
{
    /// <summary>What a group entry names: people by their place in the list, and everything else, which may be a group.</summary>
    public sealed record Named(HashSet<int> People, HashSet<string> Others);

    /// <param name="people">Place in the list of people, by DN key and by user name.</param>
    public static Named Read(IEnumerable<string> values, PeopleIndex people)
    {
        var named = new Named([], new(StringComparer.Ordinal));
        foreach (var value in values)
        {
            if (people.Find(value) is { } at) named.People.Add(at);
            else if (value.Contains('=', StringComparison.Ordinal)) named.Others.Add(DistinguishedName.Key(value));
        }
        return named;
    }

    /// <summary>Members of each group, in the order of <paramref name="groups"/>. With <paramref name="nested"/> the members of groups inside count too; a loop ends where it began.</summary>
    public static IReadOnlyList<HashSet<int>> Run(IReadOnlyList<(string DnKey, Named Named)> groups, bool nested)
    {
        if (!nested) return [.. groups.Select(g => g.Named.People)];
        var byDn = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < groups.Count; i++) byDn.TryAdd(groups[i].DnKey, i);
        var all = new List<HashSet<int>>(groups.Count);
        for (var i = 0; i < groups.Count; i++)
        {
            var members = new HashSet<int>(groups[i].Named.People);
            var seen = new HashSet<int> { i };
            var next = new Stack<int>(seen);
            while (next.TryPop(out var at))
            {
                if (at != i) members.UnionWith(groups[at].Named.People);
                foreach (var other in groups[at].Named.Others)
                    if (byDn.TryGetValue(other, out var inner) && seen.Add(inner)) next.Push(inner);
            }
            all.Add(members);
        }
        return all;
    }
}

/// <summary>Finds a person by what a group says of them.</summary>
internal sealed class PeopleIndex
{
    private readonly Dictionary<string, int> written = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, int> byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> byName = new(StringComparer.OrdinalIgnoreCase);

    public PeopleIndex(IReadOnlyList<DirectoryPerson> people)
    {
        for (var i = 0; i < people.Count; i++)
        {
            written[people[i].Dn] = i;
            byKey[DistinguishedName.Key(people[i].Dn)] = i;
            byName.TryAdd(people[i].UserName, i);
        }
    }

    /// <summary>By DN, or by user name where the group holds bare names (posixGroup's memberUid).</summary>
    public int? Find(string value)
    {
        if (written.TryGetValue(value, out var at)) return at;
        if (!value.Contains('=', StringComparison.Ordinal)) return byName.TryGetValue(value.Trim(), out at) ? at : null;
        return byKey.TryGetValue(DistinguishedName.Key(value), out at) ? at : null;
    }
}
