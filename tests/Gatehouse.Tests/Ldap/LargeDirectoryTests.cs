using System.Diagnostics;
using System.Globalization;
using Gatehouse.Ldap.Client;
using Gatehouse.Ldap.Sync;
using Gatehouse.Ldap.Wire;
using Gatehouse.Refusals;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Ldap;

/// <summary>Five thousand people and two hundred groups, four of them with 1,250 members, in a real slapd. bench/ldap prints what it measures.</summary>
public class LargeDirectoryTests(PostgresCluster postgres)
{
    private const int People = 5000, Groups = 200;

    private static string Ldif()
    {
        var text = new System.Text.StringBuilder();
        for (var i = 0; i < People; i++) text.Append(Slapd.Person(Uid(i)));
        for (var g = 0; g < Groups; g++)
        {
            var size = g < 4 ? 1250 : 25;
            text.Append(Slapd.Group(string.Create(CultureInfo.InvariantCulture, $"group{g:d3}"), Enumerable.Range(0, size).Select(m => Slapd.PersonDn(Uid((g * 1250 + m) % People)))));
        }
        return text.ToString();
    }

    private static string Uid(int i) => string.Create(CultureInfo.InvariantCulture, $"user{i:d4}");

    [Theory, InlineData(false), InlineData(true)]
    public async Task Five_thousand_people_and_two_hundred_groups_in_twenty_seconds_and_no_change_in_five(bool onPostgres)
    {
        await using var rooms = await SyncedRooms.Start(postgres, onPostgres, Ldif());
        GC.Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var peak = 0L;
        using var watch = new Timer(_ => peak = Math.Max(peak, GC.GetTotalMemory(false)), null, 0, 20);
        var started = Stopwatch.GetTimestamp();
        var first = await rooms.Services.Sync();
        var firstTook = Stopwatch.GetElapsedTime(started);
        Assert.True(first.Outcome == RunOutcome.Applied, first.Refusal?.Evidence);
        Assert.Equal((People, Groups, (long)People, 4 * 1250 + 196 * 25), ((int)first.People, (int)first.Teams, first.Created, (int)first.Memberships));
        started = Stopwatch.GetTimestamp();
        var second = await rooms.Services.Sync();
        var secondTook = Stopwatch.GetElapsedTime(started);
        Assert.Equal(RunOutcome.Unchanged, second.Outcome);
        var kept = GC.GetTotalMemory(forceFullCollection: true) - before;
        var figures = string.Create(CultureInfo.InvariantCulture, $"{(onPostgres ? "PostgreSQL" : "SQLite")}: first sync {firstTook.TotalSeconds:0.0} s, no change {secondTook.TotalSeconds:0.0} s, memory kept {kept / 1e6:0.0} MB, highest in between {(peak - before) / 1e6:0} MB, garbage included");
        TestContext.Current.SendDiagnosticMessage(figures);
        if (Environment.GetEnvironmentVariable("GATEHOUSE_FIGURES") is { Length: > 0 } file) await File.AppendAllTextAsync(file, figures + "\n");
        Assert.True(kept < 100_000_000, figures);
        // The bench asks for 20 s and 5 s; the ordinary run shares its machine with other tests.
        var slack = Environment.GetEnvironmentVariable("GATEHOUSE_FIGURES") is null ? 4 : 1;
        Assert.True(firstTook < TimeSpan.FromSeconds(20 * slack), figures);
        Assert.True(secondTook < TimeSpan.FromSeconds(5 * slack), figures);

        if (onPostgres) return;
        // Scopes and pages, on the same directory.
        var settings = CorpDirectory.Settings(rooms.Slapd);
        async Task<int> Count(string baseDn, SearchScope scope, int pageSize)
        {
            var opened = await LdapConnection.Open(settings.Endpoints[0], settings.Authorities(), LdapLimits.Ordinary, TimeProvider.System, CancellationToken.None);
            await using var connection = opened.Value;
            Assert.Null((await connection.Bind(Slapd.Reader, System.Text.Encoding.UTF8.GetBytes(Slapd.ReaderPassword), CancellationToken.None)).Refusal);
            var seen = new HashSet<string>();
            var end = (await connection.Search(new(baseDn, scope, LdapFilter.Exists("uid"), ["1.1"]), pageSize, e => Assert.True(seen.Add(e.Dn)), CancellationToken.None)).Value;
            return end.Entries;
        }
        Assert.Equal(People, await Count(Slapd.Suffix, SearchScope.Subtree, 337));
        Assert.Equal(People, await Count(Slapd.People, SearchScope.OneLevel, 5000));
        Assert.Equal(0, await Count(Slapd.Suffix, SearchScope.OneLevel, 100));
        Assert.Equal(1, await Count(Slapd.PersonDn(Uid(7)), SearchScope.Base, 100));
        // Somebody else's account may read no more than its limit, and gets no shorter answer for the whole.
        var small = await LdapConnection.Open(settings.Endpoints[0], settings.Authorities(), LdapLimits.Ordinary, TimeProvider.System, CancellationToken.None);
        await using var reader = small.Value;
        Assert.Null((await reader.Bind(Slapd.Reader, System.Text.Encoding.UTF8.GetBytes(Slapd.ReaderPassword), CancellationToken.None)).Refusal);
        var cut = await reader.Search(new(Slapd.People, SearchScope.Subtree, LdapFilter.Exists("uid"), ["1.1"], SizeLimit: 100), 0, _ => { }, CancellationToken.None);
        Assert.IsType<Gatehouse.Ldap.AnswerCutShort>(cut.Refusal);
    }
}
