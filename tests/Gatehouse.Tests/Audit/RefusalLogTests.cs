using System.Diagnostics;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Audit;

/// <summary>What becomes of a refusal behind the response, on both databases.</summary>
public sealed class RefusalLogTests(PostgresCluster cluster)
{
    private const string Group = "oidc.access_denied.group";

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_refusal_becomes_a_case_of_a_problem(bool postgres)
    {
        await using var store = await AuditStore.Open(postgres, cluster);
        var first = store.Log.Record(AuditStore.NotInGroup("c1"), AuditStore.From("192.0.2.1", "u1"));
        store.Clock.Advance(TimeSpan.FromSeconds(5));
        var second = store.Log.Record(AuditStore.NotInGroup("c1"), AuditStore.From("192.0.2.1", "u1"));
        store.Log.Record(AuditStore.NotInGroup("c2"), AuditStore.From("192.0.2.1", "u1"));
        await store.Log.Flush();

        Assert.Equal(2, await store.Count("problems"));
        Assert.Equal(3, await store.Count("cases"));
        Assert.NotEqual(first, second);
        Assert.Equal(1, await store.Count($"problems where target = 'c1' and occurrences = 2 and last_at - first_at = 5000 and last_reference = '{second}'"));
        Assert.Equal(3, await store.Count("cases where ring = 'user' and user_id = 'u1'"));
        Assert.Equal(0, store.Log.Dropped);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_problem_opens_waits_closes_and_opens_again(bool postgres)
    {
        await using var store = await AuditStore.Open(postgres, cluster);
        async Task Then(Action act)
        {
            store.Clock.Advance(TimeSpan.FromSeconds(1));
            act();
            await store.Log.Flush();
        }
        var refuse = () => { store.Log.Record(AuditStore.NotInGroup("c1"), AuditStore.From("192.0.2.1", "u1")); };

        await Then(refuse);
        await Then(() => store.Log.Passed(Group, "c1"));
        Assert.Equal("open", await store.State("c1"));

        await store.MarkWaiting("c1");
        await Then(() => store.Log.Passed(Group, "another"));
        Assert.Equal("waiting", await store.State("c1"));
        await Then(() => store.Log.Passed(Group, "c1"));
        Assert.Equal("closed", await store.State("c1"));

        await Then(refuse);
        Assert.Equal("open", await store.State("c1"));
        Assert.Equal(1, await store.Count("problems where reopened = 1"));

        await store.MarkWaiting("c1");
        await Then(refuse);
        Assert.Equal("open", await store.State("c1"));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task X05_a_flood_is_bounded_and_leaves_what_others_caused(bool postgres)
    {
        await using var store = await AuditStore.Open(postgres, cluster);
        var mine = store.Log.Record(AuditStore.NotInGroup("c1"), AuditStore.From("192.0.2.1", "u1"));
        await store.Log.Flush();
        var evidence = new string('x', 8000);
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 10_000; i++)
        {
            store.Log.Record(AuditStore.Malformed(evidence), AuditStore.From($"198.51.100.{i % 250}"));
            if (i % 2000 == 0) await store.Log.Flush();
        }
        await store.Log.Flush();

        Assert.Equal(1, await store.Count($"cases where reference = '{mine}'"));
        Assert.Equal(CaseStore.CasesPerProblemAndMinute, (int)await store.Count("cases where ring = 'stranger'"));
        Assert.InRange(await store.Count("loose_references"), 1, CaseStore.LooseReferences);
        Assert.Equal(10_000, store.Log.Dropped + await store.Database.Read(sql => sql.One<long>("select sum(occurrences) from problems where ring = 'stranger'")));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 60);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task X05_the_first_and_last_of_a_problem_stay_when_a_ring_is_full(bool postgres)
    {
        await using var store = await AuditStore.Open(postgres, cluster);
        for (var minute = 0; minute < 270; minute++)
        {
            for (var i = 0; i < 20; i++) store.Log.Record(AuditStore.Malformed("/token"), AuditStore.From($"198.51.100.{i}"));
            await store.Log.Flush();
            store.Clock.Advance(TimeSpan.FromMinutes(1));
        }
        await store.Database.Write(CaseStore.Prune);

        Assert.Equal(5000, await store.Count("cases"));
        Assert.Equal(3, await store.Count("cases where at = (select first_at from problems)"));
        Assert.Equal(20, await store.Count("cases where at = (select last_at from problems)"));
    }

    [Fact]
    public async Task X05_targets_that_strangers_invent_are_gathered_under_one()
    {
        await using var store = await AuditStore.Open(false, cluster);
        for (var i = 0; i < 1000; i++) store.Log.Record(AuditStore.NotInGroup($"c{i}"), AuditStore.From("192.0.2.1", "u1"));
        for (var i = 0; i < 1000; i++) store.Log.Record(new PlainRefusal($"invented-{i}"), AuditStore.From("198.51.100.1"));
        await store.Log.Flush();

        Assert.Equal(1000, await store.Count("problems where ring = 'user'"));
        Assert.Equal(CaseStore.StrangerTargetsPerCode + 1, (int)await store.Count("problems where ring = 'stranger'"));
        Assert.Equal(CaseStore.CasesPerAddressAndMinute, (int)await store.Count("cases where ring = 'stranger'"));
    }

    [Fact]
    public async Task X09_a_store_that_is_gone_still_leaves_a_reference()
    {
        await using var store = await AuditStore.Open(false, cluster);
        await store.Database.Write(sql => sql.Run("drop table loose_references"));
        await store.Database.Write(sql => sql.Run("drop table cases"));
        await store.Database.Write(sql => sql.Run("drop table problems"));

        var reference = store.Log.Record(AuditStore.Malformed("/token"), AuditStore.From("192.0.2.1"));
        store.Log.Passed(Group, "c1");
        await store.Log.Flush();

        Assert.Matches("^GH-[0-9A-Z]{4}-[0-9A-Z]{4}$", reference.Text);
        Assert.Equal(1, store.Log.Dropped);
    }

    [Fact]
    public async Task X09_a_queue_that_is_full_drops_evidence_and_counts_it()
    {
        await using var store = await AuditStore.Open(false, cluster);
        for (var i = 0; i < 5000; i++) Assert.NotEmpty(store.Log.Record(AuditStore.Malformed("/token"), AuditStore.From("192.0.2.1")).Text);
        Assert.Equal(5000 - 4096, store.Log.Dropped);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Cases_are_forgotten_after_ninety_days(bool postgres)
    {
        await using var store = await AuditStore.Open(postgres, cluster);
        store.Log.Record(AuditStore.NotInGroup("c1"), AuditStore.From("192.0.2.1", "u1"));
        await store.Log.Flush();
        var sweep = new CaseStore(store.Clock);
        store.Clock.Advance(TimeSpan.FromDays(89));
        await store.Database.Write(sweep.Sweep);
        Assert.Equal(1, await store.Count("cases"));
        store.Clock.Advance(TimeSpan.FromDays(2));
        await store.Database.Write(sweep.Sweep);
        Assert.Equal(0, await store.Count("cases") + await store.Count("problems"));
    }

    [Fact]
    public async Task The_query_of_a_retry_path_is_not_kept()
    {
        await using var store = await AuditStore.Open(false, cluster);
        store.Log.Record(AuditStore.NotInGroup("c1"), AuditStore.From("192.0.2.1", "u1") with { RetryPath = "/authorize?state=secret" });
        await store.Log.Flush();
        Assert.Equal("/authorize", await store.Database.Read(sql => sql.One<string>("select retry_path from cases")));
    }

    /// <summary>A refusal whose target a stranger chooses.</summary>
    private sealed record PlainRefusal(string Name) : Refusal
    {
        public override RefusalEntry Facts => Gatehouse.Web.FormMalformed.Entry;
        public override string Target => Name;
        public override string Evidence => Name;
    }
}
