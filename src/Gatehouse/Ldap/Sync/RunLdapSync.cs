using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Ldap.Configure;
using Gatehouse.Refusals;

namespace Gatehouse.Ldap.Sync;

/// <summary>The one way a sync happens, for timer, page and console: read everything, plan, brake, apply in one transaction, remember.</summary>
internal sealed class RunLdapSync(Database database, ReadDirectory read, ApplyPlan apply, AuditLog audit, IRefusalLog log, TimeProvider clock)
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(10);

    /// <summary>Reads and plans, and changes nothing.</summary>
    public Task<SyncRun> Rehearse(string cause, Actor actor, CancellationToken stop) => Guarded("rehearsal", cause, actor, null, stop);

    /// <summary>Reads, plans and applies unless the brake says no.</summary>
    /// <param name="wish">Who asked for it; null for the timer.</param>
    public Task<SyncRun> Run(string cause, Actor? wish, CancellationToken stop) => Guarded("sync", cause, wish, null, stop);

    /// <summary>Applies the plan that an admin has looked at, brake or not, if it is still the plan.</summary>
    public async Task<SyncRun> Apply(string lookedAt, string cause, Actor actor, CancellationToken stop)
    {
        var run = await database.Read(sql => RunStore.Find(sql, lookedAt));
        return await Guarded("sync", cause, actor, run is { Outcome: RunOutcome.Rehearsed or RunOutcome.Braked } ? run.Fingerprint : "none", stop);
    }

    private async Task<SyncRun> Guarded(string kind, string cause, Actor? wish, string? fingerprint, CancellationToken stop)
    {
        var run = new SyncRun { Id = clock.NewId(), Kind = kind, Cause = cause, Actor = wish?.Name ?? "timer", StartedAt = clock.Now() };
        var holder = $"{run.Actor} {run.Id}";
        if (await Take(holder) is { } running) return run with { FinishedAt = clock.Now(), Outcome = RunOutcome.Failed, Code = running.Facts.Code, Data = RefusalCatalogue.Write(running) };
        try
        {
            return await Steps(run, wish, fingerprint, stop);
        }
        finally
        {
            await database.Write(sql => sql.Run("update ldap_lease set holder = '', until_at = 0 where name = 'sync' and holder = @holder", new { holder }));
        }
    }

    private async Task<SyncRun> Steps(SyncRun run, Actor? wish, string? fingerprint, CancellationToken stop)
    {
        var settings = await database.Read(SettingsStore.Get);
        if (!(await read.Run(settings, stop)).Passed(out var directory, out var refusal)) return await Failed(run, refusal);
        log.Passed(AnswerCutShort.Entry.Code, settings.UserBases.Count > 0 ? settings.UserBases[0] : "");
        var local = await database.Read(LocalState.Load);
        var plan = MakePlan.Run(directory, local, settings);
        run = Counted(run, plan, directory);
        if (run.Kind == "rehearsal") return await Keep(run with { Outcome = RunOutcome.Rehearsed }, plan, Brake.Judge(plan, directory, local, settings));
        if (fingerprint is not null && plan.Fingerprint != fingerprint) return await Keep(run with { Outcome = RunOutcome.Failed }, plan, new PlanChanged(run.Id));
        if (fingerprint is null && Brake.Judge(plan, directory, local, settings) is { } stopped) return await Braked(run, plan, stopped);
        if (plan.ChangesNothing) return await Keep(run with { Outcome = RunOutcome.Unchanged }, plan, null);
        try
        {
            return await Write(run, directory, settings, plan.Fingerprint, fingerprint is not null, wish);
        }
        catch (Exception e) when (Database.IsUniqueViolation(e))
        {
            // Somebody took a name in between; the next look sees it as a conflict.
            return await Write(run, directory, settings, null, fingerprint is not null, wish);
        }
    }

    /// <summary>Plans once more inside the transaction, so that what is written was judged on what stands there.</summary>
    private async Task<SyncRun> Write(SyncRun run, DirectorySnapshot directory, DirectorySettings settings, string? expected, bool lookedAt, Actor? wish)
    {
        var actor = SyncActor.For(wish);
        var done = await database.Write(async sql =>
        {
            var local = await LocalState.Load(sql);
            var plan = MakePlan.Run(directory, local, settings);
            var counted = Counted(run, plan, directory);
            var stopped = lookedAt && plan.Fingerprint != expected ? new PlanChanged(run.Id) : lookedAt ? null : Brake.Judge(plan, directory, local, settings);
            if (stopped is not null)
            {
                var braked = counted with { Outcome = stopped is PlanChanged ? RunOutcome.Failed : RunOutcome.Braked, FinishedAt = clock.Now(), Code = stopped.Facts.Code, Data = RefusalCatalogue.Write(stopped) };
                await RunStore.Insert(sql, braked, plan);
                return braked;
            }
            var (undo, spared) = await apply.Run(sql, run.Id, plan, local, settings, actor);
            var final = plan with { Items = [.. plan.Items, .. spared] };
            var applied = counted with { Outcome = RunOutcome.Applied, FinishedAt = clock.Now(), Conflicts = counted.Conflicts + spared.Count, Undo = undo.Write() };
            await RunStore.Insert(sql, applied, final);
            await audit.Write(sql, actor, "ldap.synced", new("setting", "ldap", "LDAP"), after: Summary(applied));
            return applied;
        });
        if (done.Outcome == RunOutcome.Applied) Mended();
        return done;
    }

    /// <summary>One line for logs, audit and console.</summary>
    public static string Summary(SyncRun run) =>
        $"{run.People} people and {run.Teams} groups read: {run.Created} created, {run.Updated} updated, {run.Disabled} switched off, {run.Restored} restored, {run.Memberships} memberships changed, {run.Conflicts} conflicts, {run.Skipped} skipped";

    private static SyncRun Counted(SyncRun run, SyncPlan plan, DirectorySnapshot directory) => run with
    {
        Fingerprint = plan.Fingerprint,
        People = directory.People.Count + directory.Skipped.Count,
        Teams = directory.Teams.Count,
        Created = plan.Count("create"),
        Updated = plan.Count("update"),
        Disabled = plan.Off,
        Restored = plan.Count("restore"),
        Memberships = plan.Memberships,
        Conflicts = plan.Count("conflict"),
        Skipped = plan.Count("skip"),
    };

    private Task<SyncRun> Failed(SyncRun run, Refusal refusal)
    {
        if (run.Kind == "sync") log.Record(refusal, new());
        return Keep(run with { Outcome = RunOutcome.Failed }, null, refusal);
    }

    private async Task<SyncRun> Braked(SyncRun run, SyncPlan plan, Refusal stopped)
    {
        log.Record(stopped, new());
        // The timer comes by every hour; a brake that stands unanswered is one run, not many.
        var last = await database.Read(RunStore.LastSync);
        if (run.Cause == "timer" && last is { Outcome: RunOutcome.Braked } && last.Fingerprint == run.Fingerprint) return last;
        return await Keep(run with { Outcome = RunOutcome.Braked }, plan, stopped);
    }

    private async Task<SyncRun> Keep(SyncRun run, SyncPlan? plan, Refusal? refusal)
    {
        run = run with { FinishedAt = clock.Now(), Code = refusal?.Facts.Code, Data = refusal is null ? null : RefusalCatalogue.Write(refusal) };
        if (run.Outcome == RunOutcome.Unchanged) Mended();
        await database.Write(sql => RunStore.Insert(sql, run, plan));
        return run;
    }

    private void Mended()
    {
        foreach (var code in new[] { SyncBraked.Entry.Code, SyncFoundNobody.Entry.Code, SyncFoundNoGroups.Entry.Code }) log.Passed(code, "ldap");
    }

    private Task<Refusal?> Take(string holder) => database.Write<Refusal?>(async sql =>
    {
        var now = clock.Now();
        if (await sql.Run("update ldap_lease set holder = @holder, until_at = @until where name = 'sync' and (holder = '' or until_at < @now)", new { holder, until = now + (long)Lease.TotalMilliseconds, now }) == 1) return null;
        return new SyncRunning((await sql.One<string>("select holder from ldap_lease where name = 'sync'") ?? "").Split(' ')[0]);
    });
}
