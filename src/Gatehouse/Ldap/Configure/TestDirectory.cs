using System.Globalization;
using Gatehouse.Data;
using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Sync;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Ldap.Configure;

public enum StepState
{
    Passed,
    Failed,
    Noted,
    NotReached,
}

/// <summary>One step of a staircase.</summary>
/// <param name="Title">What was tried, in English (a localiser key).</param>
/// <param name="Sentence">What came of it, with facts.</param>
/// <param name="Samples">Lines to look at: names, DNs.</param>
public sealed record TestStep(string Id, string Title, StepState State, string Sentence, Refusal? Refusal, IReadOnlyList<string> Samples)
{
    public static TestStep Passed(string id, string title, string sentence, params IReadOnlyList<string> samples) => new(id, title, StepState.Passed, sentence, null, samples);
    public static TestStep Noted(string id, string title, string sentence, Refusal? refusal = null, params IReadOnlyList<string> samples) => new(id, title, StepState.Noted, sentence, refusal, samples);
    public static TestStep Failed(string id, string title, Refusal refusal, params IReadOnlyList<string> samples) => new(id, title, StepState.Failed, refusal.Evidence, refusal, samples);
    public static TestStep NotReached(string id, string title) => new(id, title, StepState.NotReached, "", null, []);
}

/// <summary>The staircase of the settings page: resolve, connect, TLS, bind, base, users, groups, mapping; it ends at the first step that fails.</summary>
internal sealed class TestDirectory(LdapLimits limits, TimeProvider clock)
{
    private const int Samples = 5;

    private static readonly (string Id, string Title)[] ConnectionSteps = [("resolve", "Resolve the name"), ("connect", "Connect"), ("tls", "TLS and certificate"), ("bind", "Bind")];
    private static readonly (string Id, string Title)[] DataSteps = [("base", "Base DN"), ("users", "User filter"), ("groups", "Group filter"), ("mapping", "Attributes")];

    public async Task<IReadOnlyList<TestStep>> Run(DirectorySettings settings, byte[] password, CancellationToken stop)
    {
        var steps = new List<TestStep>();
        var faults = CheckSettings.Run(settings);
        if (faults.Count > 0) return [.. faults.Select(f => TestStep.Failed("settings", "Settings", f.Refusal))];
        LdapConnection? connection = null;
        try
        {
            foreach (var endpoint in settings.Endpoints)
            {
                var (opened, taken) = await Connect(endpoint, settings, password, several: settings.Endpoints.Count > 1, stop);
                steps.AddRange(taken);
                if (opened is null) continue;
                if (connection is null) connection = opened;
                else await opened.DisposeAsync();
            }
            if (connection is null) return [.. steps, .. DataSteps.Select(s => TestStep.NotReached(s.Id, s.Title))];
            return [.. steps, .. await Look(connection, settings, stop)];
        }
        finally
        {
            if (connection is not null) await connection.DisposeAsync();
        }
    }

    private async Task<(LdapConnection?, IReadOnlyList<TestStep>)> Connect(DirectoryEndpoint endpoint, DirectorySettings settings, byte[] password, bool several, CancellationToken stop)
    {
        var steps = new List<TestStep>();
        var notes = new ConnectionNotes();
        var which = several ? endpoint.Url + ": " : "";
        var opened = await LdapConnection.Open(endpoint, settings.Authorities(), limits, clock, stop, notes);
        if (notes.Addresses.Count > 0) steps.Add(TestStep.Passed("resolve", ConnectionSteps[0].Title, $"{which}{endpoint.Host} is {string.Join(", ", notes.Addresses.Take(4))}."));
        if (notes.Connected is not null) steps.Add(TestStep.Passed("connect", ConnectionSteps[1].Title, $"{which}connected to {notes.Connected}."));
        if (!opened.Passed(out var connection, out var refusal))
        {
            var at = Array.FindIndex(ConnectionSteps, s => s.Id == notes.Step);
            steps.Add(TestStep.Failed(notes.Step, ConnectionSteps[at].Title, refusal, Describe(notes.Certificate)));
            steps.AddRange(ConnectionSteps[(at + 1)..].Select(s => TestStep.NotReached(s.Id, s.Title)));
            return (null, steps);
        }
        var seen = notes.Certificate!;
        var left = (seen.NotAfter - clock.Now()) / 86_400_000;
        var sentence = $"{which}{(endpoint.StartTls ? "StartTLS, " : "")}{(notes.TlsVersion == "Tls13" ? "TLS 1.3" : "TLS 1.2")}; the certificate is good for {endpoint.Host} until {OnOurSide.Day(seen.NotAfter)}, {left.ToString(CultureInfo.InvariantCulture)} days.";
        steps.Add(left < 14 ? TestStep.Noted("tls", ConnectionSteps[2].Title, sentence, null, Describe(seen)) : TestStep.Passed("tls", ConnectionSteps[2].Title, sentence, Describe(seen)));
        var bound = await connection.Bind(settings.BindDn, password, stop);
        if (bound.Passed(out _, out refusal))
        {
            steps.Add(TestStep.Passed("bind", ConnectionSteps[3].Title, $"{which}bound as {settings.BindDn}."));
            return (connection, steps);
        }
        await connection.DisposeAsync();
        steps.Add(TestStep.Failed("bind", ConnectionSteps[3].Title, refusal is BindRefused unclear ? await Which(endpoint, settings, unclear, stop) : refusal));
        return (null, steps);
    }

    /// <summary>Most servers answer 49 to a wrong name and to a wrong password alike; many let anybody see whether an entry exists.</summary>
    private async Task<Refusal> Which(DirectoryEndpoint endpoint, DirectorySettings settings, BindRefused unclear, CancellationToken stop)
    {
        if (!DistinguishedName.IsOne(settings.BindDn)) return unclear;
        if (!(await LdapConnection.Open(endpoint, settings.Authorities(), limits, clock, stop)).Passed(out var anonymous, out _)) return unclear;
        await using (anonymous)
        {
            var found = await anonymous.Search(new(settings.BindDn, SearchScope.Base, LdapFilter.Exists("objectClass"), ["1.1"]), 0, _ => { }, stop);
            if (found.Passed(out var end, out var refusal)) return end.Entries == 1 ? new BindPasswordWrong(unclear.Url, unclear.Dn, unclear.Said + "; the entry itself is there") : unclear;
            return refusal is BaseDnMissing ? new BindDnUnknown(unclear.Url, unclear.Dn, unclear.Said + "; and asked for the entry: " + ((BaseDnMissing)refusal).Said) : unclear;
        }
    }

    private async Task<IReadOnlyList<TestStep>> Look(LdapConnection connection, DirectorySettings settings, CancellationToken stop)
    {
        var steps = new List<TestStep>();
        IReadOnlyList<TestStep> Stopped(int at, Refusal refusal) => [.. steps, TestStep.Failed(DataSteps[at].Id, DataSteps[at].Title, refusal), .. DataSteps[(at + 1)..].Select(s => TestStep.NotReached(s.Id, s.Title))];

        var anybody = LdapFilter.Exists("objectClass");
        foreach (var baseDn in settings.UserBases.Concat(settings.GroupBases).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var there = await connection.Search(new(baseDn, SearchScope.Base, anybody, ["1.1"]), 0, _ => { }, stop);
            if (!there.Passed(out var end, out var missing)) return Stopped(0, missing);
            if (end.Entries == 0) return Stopped(0, new NoRightToRead(connection.Endpoint.Url, baseDn, "0 success, but the entry is not shown"));
        }
        steps.Add(TestStep.Passed("base", DataSteps[0].Title, $"{string.Join(" and ", settings.UserBases)} {(settings.UserBases.Count == 1 ? "is" : "are")} there."));

        var (people, unusable, off) = (0, new List<Refusal>(), 0);
        var names = new List<string>();
        var referrals = new List<string>();
        foreach (var baseDn in settings.UserBases)
        {
            var found = await connection.Search(new(baseDn, settings.Scope, FilterText.Parse(settings.UserFilter, out _)!, settings.UserAttributes), settings.PageSize, entry =>
            {
                people++;
                if (!MapEntries.Person(entry, settings.Mapping, clock.GetUtcNow()).Passed(out var person, out var why)) unusable.Add(why);
                else
                {
                    if (person.Off is not null) off++;
                    if (names.Count < Samples) names.Add($"{person.UserName}, {person.Email}, {person.DisplayName} ({Printable.Cap(person.Dn, 200)})");
                }
            }, stop);
            if (!found.Passed(out var end, out var refusal)) return Stopped(1, refusal);
            referrals.AddRange(end.Referrals);
        }
        if (people == 0) return Stopped(1, new FilterFindsNobody(settings.UserFilter, List(settings.UserBases)));
        steps.Add(TestStep.Passed("users", DataSteps[1].Title, $"{(people == 1 ? "1 entry fits" : $"{people} entries fit")}{(off > 0 ? $", {off} of them switched off in the directory" : "")}.", names));

        if (settings.GroupFilter.Length == 0) steps.Add(TestStep.Noted("groups", DataSteps[2].Title, "Groups are not read: the filter is empty."));
        else
        {
            var (groups, empty) = (0, 0);
            var teams = new List<string>();
            foreach (var baseDn in settings.BasesOfGroups)
            {
                var found = await connection.Search(new(baseDn, settings.Scope, FilterText.Parse(settings.GroupFilter, out _)!, settings.GroupAttributes), settings.PageSize, entry =>
                {
                    groups++;
                    var members = entry.Values(settings.Mapping.Member).Count;
                    if (members == 0 && entry.Range(settings.Mapping.Member) is null) empty++;
                    if (!MapEntries.Team(entry, settings.Mapping).Passed(out var team, out var why)) unusable.Add(why);
                    else if (teams.Count < Samples) teams.Add($"{team.Name}, {members} members ({Printable.Cap(team.Dn, 200)})");
                }, stop);
                if (!found.Passed(out var end, out var refusal)) return Stopped(2, refusal);
                referrals.AddRange(end.Referrals);
            }
            if (groups == 0) steps.Add(TestStep.Noted("groups", DataSteps[2].Title, "No group fits this filter.", null));
            else if (empty == groups) steps.Add(TestStep.Noted("groups", DataSteps[2].Title, $"{groups} groups fit, and none has a readable {settings.Mapping.Member}: check that attribute.", null, teams));
            else steps.Add(TestStep.Passed("groups", DataSteps[2].Title, groups == 1 ? "1 group fits." : $"{groups} groups fit.", teams));
        }
        if (unusable.Count == people && people > 0) return [.. steps, TestStep.Failed("mapping", DataSteps[3].Title, unusable[0], [.. unusable.Skip(1).Take(Samples).Select(u => u.Evidence)])];
        steps.Add(unusable.Count == 0 ? TestStep.Passed("mapping", DataSteps[3].Title, "All entries have what an account needs.")
            : TestStep.Noted("mapping", DataSteps[3].Title, $"{unusable.Count} entries cannot be used and would be skipped.", unusable[0], [.. unusable.Take(Samples).Select(u => u.Evidence)]));
        if (referrals.Count > 0) steps.Add(TestStep.Noted("referrals", "Referrals", $"The directory points to {referrals.Count} other places. They are not followed: the bind password goes only to the URLs above.", null, [.. referrals.Take(Samples)]));
        return steps;
    }

    private static string List(IReadOnlyList<string> all) => string.Join(" | ", all);

    private static IReadOnlyList<string> Describe(SeenCertificate? seen) => seen is null ? [] :
    [
        $"Subject {seen.Subject}", $"Issuer {seen.Issuer}", $"Names {(seen.Names.Count == 0 ? "none" : string.Join(", ", seen.Names.Take(10)))}",
        $"Good from {OnOurSide.Day(seen.NotBefore)} to {OnOurSide.Day(seen.NotAfter)}", $"SHA-256 {seen.Sha256}",
    ];
}
