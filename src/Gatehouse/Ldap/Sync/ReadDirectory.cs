using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Sync;

/// <summary>Reads all people and groups that the settings mean. Whatever goes wrong in the middle is a refusal of the whole: a part is never a picture.</summary>
internal sealed class ReadDirectory(DirectoryDoor door, SettingsStore store, TimeProvider clock)
{
    public async Task<Outcome<DirectorySnapshot>> Run(DirectorySettings settings, CancellationToken stop)
    {
        if (settings.Endpoints.Count == 0) return new DirectoryNotConfigured();
        if (!store.Password(settings).Passed(out var password, out var refusal)) return refusal;
        if (!(await door.Open(settings.Endpoints, settings.Authorities(), settings.BindDn, password, stop)).Passed(out var connection, out refusal)) return refusal;
        await using (connection)
        {
            var read = await Run(connection, settings, stop);
            if (read.Refusal is { } broke) door.Rest(connection.Endpoint, broke);
            return read;
        }
    }

    public async Task<Outcome<DirectorySnapshot>> Run(LdapConnection connection, DirectorySettings settings, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var people = new Dictionary<string, DirectoryPerson>(StringComparer.Ordinal);
        var twice = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var skipped = new List<SkippedEntry>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var referrals = new List<string>();

        void TakePerson(DirectoryEntry entry)
        {
            // Two bases, one inside the other, bring the same entry twice.
            if (!seen.Add(entry.Dn)) return;
            if (!MapEntries.Person(entry, settings.Mapping, now).Passed(out var person, out var why))
                skipped.Add(new(StableId.Of(entry, settings.Mapping.Id), entry.Dn, MapEntries.NameOf(entry, settings.Mapping.UserName), why));
            else if (!people.TryAdd(person.Id, person)) (twice.TryGetValue(person.Id, out var dns) ? dns : twice[person.Id] = [people[person.Id].Dn]).Add(person.Dn);
        }

        var userFilter = FilterText.Parse(settings.UserFilter, out _)!;
        foreach (var baseDn in settings.UserBases)
        {
            var ask = new SearchRequest(baseDn, settings.Scope, userFilter, settings.UserAttributes);
            if (!(await connection.Search(ask, settings.PageSize, TakePerson, stop)).Passed(out var end, out var refusal)) return refusal;
            referrals.AddRange(end.Referrals);
        }
        foreach (var (id, dns) in twice)
        {
            people.Remove(id);
            skipped.AddRange(dns.Select(dn => new SkippedEntry(id, dn, dn.Split(',')[0], new EntryIdTwice(id, [.. dns]))));
        }
        IReadOnlyList<DirectoryPerson> list = [.. people.Values];
        if (settings.GroupFilter.Length == 0) return new DirectorySnapshot(list, skipped, [], referrals, TeamsRead: false);

        var index = new PeopleIndex(list);
        var teams = new List<(DirectoryTeam Team, ResolveMembers.Named Named)>();
        var parts = new List<DirectoryEntry>();
        seen.Clear();
        var member = settings.Mapping.Member;

        void TakeTeam(DirectoryEntry entry)
        {
            if (entry.Range(member) is not null)
            {
                parts.Add(entry);
                return;
            }
            if (!seen.Add(entry.Dn)) return;
            if (MapEntries.Team(entry, settings.Mapping).Passed(out var team, out var why)) teams.Add((team, ResolveMembers.Read(entry.Texts(member), index)));
            else skipped.Add(new(null, entry.Dn, MapEntries.NameOf(entry, settings.Mapping.GroupName), why));
        }

        var groupFilter = FilterText.Parse(settings.GroupFilter, out _)!;
        foreach (var baseDn in settings.BasesOfGroups)
        {
            var ask = new SearchRequest(baseDn, settings.Scope, groupFilter, settings.GroupAttributes);
            if (!(await connection.Search(ask, settings.PageSize, TakeTeam, stop)).Passed(out var end, out var refusal)) return refusal;
            referrals.AddRange(end.Referrals);
        }
        foreach (var part in parts)
        {
            if (!(await connection.Complete(part, member, stop)).Passed(out var whole, out var refusal)) return refusal;
            var plain = new DirectoryEntry(whole.Dn, whole.Attributes.Where(a => !a.Key.Contains(";range=", StringComparison.OrdinalIgnoreCase)).ToDictionary(StringComparer.OrdinalIgnoreCase));
            TakeTeam(plain);
        }
        var members = ResolveMembers.Run([.. teams.Select(t => (DistinguishedName.Key(t.Team.Dn), t.Named))], settings.NestedGroups);
        return new DirectorySnapshot(list, skipped, [.. teams.Select((t, i) => t.Team with { MemberIds = [.. members[i].Select(m => list[m].Id)] })], referrals, TeamsRead: true);
    }
}
