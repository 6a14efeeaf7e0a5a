using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Configure;
using Gatehouse.Ldap.Sync;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Ldap.Explain;

/// <summary>Why somebody is, or is not, here: everything found about one name.</summary>
/// <param name="Dn">The entry, when exactly one was found.</param>
/// <param name="Command">The same question for ldapsearch.</param>
/// <param name="Account">The account here, linked to the entry or of that name.</param>
/// <param name="Tombstone">A deleted account that keeps the entry out; its id.</param>
public sealed record Explanation(string Name, IReadOnlyList<TestStep> Steps, string? Dn, string? Command, UserRef? Account, string? Tombstone)
{
    /// <summary>The first thing that stands in the way.</summary>
    public Refusal? Cause => Steps.FirstOrDefault(s => s.State == StepState.Failed)?.Refusal;
}

/// <summary>Asks the directory about one person, clause by clause (C122, C130). It changes nothing.</summary>
internal sealed class ExplainPerson(Database database, DirectoryDoor door, SettingsStore store, TimeProvider clock)
{
    private const int MostClauses = 60;

    public async Task<Explanation> Run(string name, CancellationToken stop)
    {
        name = name.Trim();
        var settings = await store.Get();
        var local = await database.Read(sql => UserStore.FindByIdentifier(sql, name));
        var steps = new List<TestStep>();
        Explanation Told(string? dn = null, string? command = null, UserRef? account = null, string? tombstone = null) => new(name, steps, dn, command, account ?? local?.Ref, tombstone);

        if (name.Length is 0 or > 500) return Told();
        if (settings.Endpoints.Count == 0 || CheckSettings.Run(settings).Count > 0)
        {
            steps.Add(TestStep.Failed("directory", "The directory answers", new DirectoryNotConfigured()));
            return Told();
        }
        if (!store.Password(settings).Passed(out var password, out var refusal) || !(await door.Open(settings.Endpoints, settings.Authorities(), settings.BindDn, password, stop)).Passed(out var connection, out refusal))
        {
            steps.Add(TestStep.Failed("directory", "The directory answers", refusal));
            return Told();
        }
        await using (connection)
        {
            steps.Add(TestStep.Passed("directory", "The directory answers", $"{connection.Endpoint.Url} answers."));
            // The name is a value of the filter, never a piece of its text (L01).
            var filter = DistinguishedName.IsOne(name) && name.Contains('=', StringComparison.Ordinal) ? null
                : LdapFilter.AnyOf(new[] { settings.Mapping.UserName, settings.Mapping.Email }.Distinct(StringComparer.OrdinalIgnoreCase).Select(a => LdapFilter.Equal(a, name)));
            var command = LdapSearchCommand.Write(settings, settings.UserBases[0], (filter ?? LdapFilter.Exists("objectClass")).Text, settings.UserAttributes);
            var found = await Find(connection, settings, name, filter, stop);
            if (!found.Passed(out var entries, out refusal))
            {
                steps.Add(TestStep.Failed("entry", "The entry is there", refusal));
                return Told(command: command);
            }
            if (entries.Count == 0)
            {
                steps.Add(TestStep.Failed("entry", "The entry is there", new NotInDirectory(Printable.Cap(name, 100), [.. new[] { settings.Mapping.UserName, settings.Mapping.Email }.Distinct()])));
                return Told(command: command);
            }
            if (entries.Count > 1)
            {
                steps.Add(TestStep.Failed("entry", "The entry is there", new DirectoryAmbiguous(name, [.. entries.Take(5).Select(e => e.Dn)])));
                return Told(command: command);
            }
            var entry = entries[0];
            steps.Add(TestStep.Passed("entry", "The entry is there", $"It is {Printable.Cap(entry.Dn, 300)}."));
            steps.Add(Base(settings, entry.Dn));
            if (await Clauses(connection, settings, entry.Dn, steps, stop) is { } broke) steps.Add(TestStep.Failed("filter", "The user filter lets it through", broke));
            var mapped = MapEntries.Person(entry, settings.Mapping, clock.GetUtcNow());
            if (!mapped.Passed(out var person, out refusal))
            {
                steps.Add(TestStep.Failed("attributes", "It has what an account needs", refusal, [.. Attributes(entry, settings)]));
                return Told(entry.Dn, command);
            }
            steps.Add(TestStep.Passed("attributes", "It has what an account needs", $"User name {person.UserName}, e-mail {person.Email}, name {person.DisplayName}.", [.. Attributes(entry, settings)]));
            steps.Add(person.Off is { } off ? TestStep.Failed("state", "It is in use in the directory", new EntrySwitchedOff(Printable.Cap(entry.Dn, 300), off)) : TestStep.Passed("state", "It is in use in the directory", "Nothing in the entry says that it is switched off."));
            return await Account(settings, person, steps, Told, entry.Dn, command);
        }
    }

    private static async Task<Outcome<IReadOnlyList<DirectoryEntry>>> Find(LdapConnection connection, DirectorySettings settings, string name, LdapFilter? filter, CancellationToken stop)
    {
        var entries = new Dictionary<string, DirectoryEntry>(StringComparer.OrdinalIgnoreCase);
        async Task<Refusal?> In(string baseDn, SearchScope scope, LdapFilter by) =>
            (await connection.Search(new(baseDn, scope, by, settings.UserAttributes, SizeLimit: 10), 0, e => entries.TryAdd(e.Dn, e), stop)).Refusal;

        if (filter is null)
        {
            var there = await In(name, SearchScope.Base, LdapFilter.Exists("objectClass"));
            return there is null or BaseDnMissing ? entries.Values.ToArray() : there;
        }
        foreach (var baseDn in settings.UserBases)
            if (await In(baseDn, settings.Scope, filter) is { } refusal) return refusal;
        if (entries.Count > 0) return entries.Values.ToArray();
        // Not there: somewhere else in the directory?
        foreach (var context in await Contexts(connection, stop))
        {
            // A part of the tree that we may not read is no reason to stop.
            _ = await In(context, SearchScope.Subtree, filter);
        }
        return entries.Values.ToArray();
    }

    /// <summary>The roots of the directory (RFC 4512 section 5.1).</summary>
    private static async Task<IReadOnlyList<string>> Contexts(LdapConnection connection, CancellationToken stop)
    {
        var contexts = new List<string>();
        await connection.Search(new("", SearchScope.Base, LdapFilter.Exists("objectClass"), ["namingContexts", "defaultNamingContext"]), 0, root =>
        {
            contexts.AddRange(root.Texts("defaultNamingContext"));
            if (contexts.Count == 0) contexts.AddRange(root.Texts("namingContexts").Where(c => !c.StartsWith("cn=", StringComparison.OrdinalIgnoreCase)));
        }, stop);
        return [.. contexts.Distinct(StringComparer.OrdinalIgnoreCase).Take(5)];
    }

    private static TestStep Base(DirectorySettings settings, string dn)
    {
        const string title = "It stands below a base DN";
        var under = settings.UserBases.FirstOrDefault(b => DistinguishedName.IsUnder(dn, b));
        if (under is null) return TestStep.Failed("base", title, new OutsideBase(Printable.Cap(dn, 300), [.. settings.UserBases]));
        var parent = dn.IndexOf(',', StringComparison.Ordinal) is var comma and >= 0 ? dn[(comma + 1)..] : "";
        if (settings.OneLevel && DistinguishedName.Key(parent) != DistinguishedName.Key(under)) return TestStep.Failed("base", title, new OutsideBase(Printable.Cap(dn, 300), [$"{under} (only the level right below it)"]));
        return TestStep.Passed("base", title, $"It stands below {under}.");
    }

    /// <summary>Each clause is asked of the server itself, so schema, matching rules and rights count as they do in a sync.</summary>
    private static async Task<Refusal?> Clauses(LdapConnection connection, DirectorySettings settings, string dn, List<TestStep> steps, CancellationToken stop)
    {
        const string title = "The user filter lets it through";
        var asked = 0;
        Refusal? broke = null;
        async Task<bool> Fits(LdapFilter clause)
        {
            if (broke is not null || ++asked > MostClauses) return false;
            var answer = await connection.Search(new(dn, SearchScope.Base, clause, ["1.1"]), 0, _ => { }, stop);
            if (answer.Passed(out var end, out var refusal)) return end.Entries == 1;
            broke = refusal;
            return false;
        }

        var lines = new List<string>();
        var guilty = new List<string>();
        // Walks down where a part decides: the failing parts of an AND, all parts of a failing OR, the inside of a NOT.
        async Task Walk(LdapFilter filter, bool blame, int depth)
        {
            var fits = await Fits(filter);
            if (asked > MostClauses) return;
            if (filter is Many many)
            {
                lines.Add($"{Indent(depth)}{(fits ? "✓" : "✗")} {(many.Kind == CompareKind.And ? "all of" : "one of")}");
                foreach (var part in many.Parts) await Walk(part, blame && !fits, depth + 1);
                return;
            }
            lines.Add($"{Indent(depth)}{(fits ? "✓" : "✗")} {filter.Text}");
            if (!fits && blame) guilty.Add(filter.Text);
        }

        var whole = FilterText.Parse(settings.UserFilter, out _)!;
        var passes = await Fits(whole);
        await Walk(whole, blame: !passes, 0);
        if (broke is not null) return broke;
        if (asked > MostClauses) lines.Add("… and more");
        steps.Add(passes ? TestStep.Passed("filter", title, "Every clause that must fit fits.", lines) : TestStep.Failed("filter", title, new ExcludedByFilter(Printable.Cap(dn, 300), [.. guilty.Take(10).Select(g => Printable.Cap(g, 300))]), lines));
        return null;
    }

    private static string Indent(int depth) => new('\u00a0', depth * 3);

    private static IEnumerable<string> Attributes(DirectoryEntry entry, DirectorySettings settings)
    {
        foreach (var (what, attribute) in new[] { ("id", settings.Mapping.Id), ("user name", settings.Mapping.UserName), ("e-mail", settings.Mapping.Email), ("display name", settings.Mapping.DisplayName), ("given name", settings.Mapping.GivenName), ("family name", settings.Mapping.FamilyName) })
        {
            if (attribute.Length == 0) continue;
            var value = attribute == settings.Mapping.Id ? StableId.Of(entry, attribute) : entry.Text(attribute);
            yield return $"{what} = {attribute}: {(value is null ? "missing, or not readable for the bind account" : Printable.Cap(value, 200))}";
        }
    }

    private async Task<Explanation> Account(DirectorySettings settings, DirectoryPerson person, List<TestStep> steps, Func<string?, string?, UserRef?, string?, Explanation> told, string dn, string command)
    {
        const string title = "An account here fits";
        var state = await database.Read(LocalState.Load);
        var linked = state.Users.FirstOrDefault(u => u.StableId == person.Id);
        // The plan for this one entry: what a sync would say about it, everybody else left out.
        var plan = MakePlan.Run(new([person], [], [], [], TeamsRead: false), state with { Users = linked is null ? [] : [linked] }, settings);
        var left = plan.Items.OfType<LeftAlone>().FirstOrDefault(i => i.Why is not EntrySwitchedOff);
        if (left is not null) steps.Add(TestStep.Failed("account", title, left.Why));
        else if (linked is null) steps.Add(TestStep.Noted("account", title, "There is no account yet; no other account has its name or address."));
        else steps.Add(TestStep.Passed("account", title, $"It belongs to {linked.DisplayName} ({linked.UserName}), {(linked.IsActive ? "active" : "switched off")}."));
        var acts = plan.Items.Where(i => i is not LeftAlone).Select(i => $"{i.Act}: {i.Detail}").ToArray();
        var barred = steps.Any(s => s.State == StepState.Failed && s.Id is "base" or "filter" && s.State == StepState.Failed);
        steps.Add(TestStep.Noted("sync", "What the next sync would do", barred ? linked is null ? "Nothing: the sync does not see the entry." : "Switch the account off: the sync does not see the entry." : acts.Length == 0 ? "Nothing." : string.Join("; ", acts)));
        return told(dn, command, linked is { Exists: true } ? linked.Ref : null, linked is { Exists: false, OffByRun: null } ? linked.UserId : null);
    }
}
