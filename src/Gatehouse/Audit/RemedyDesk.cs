using System.Collections.Frozen;
using System.Text.Json;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Audit;

/// <summary>What came of pressing a remedy.</summary>
public enum Pressed
{
    Done,

    /// <summary>The state is already so, or has changed since the case.</summary>
    AlreadyDone,

    /// <summary>Only by hand, on a form.</summary>
    ByHand,
    NoSuchRemedy,
}

/// <summary>One remedy of a case as the page shows it.</summary>
/// <param name="Index">Its place in the refusal's list; names it in the address.</param>
/// <param name="Offer">Null for a way to a page, and for a remedy nobody handles.</param>
public sealed record OfferedRemedy(int Index, Remedy Remedy, RemedyOffer? Offer);

/// <summary>Finds the handler of each remedy, judges it on today's data, applies it and takes it back.</summary>
public sealed class RemedyDesk(IServiceProvider services, Database database, RefusalLog log, TimeProvider clock)
{
    private static readonly FrozenDictionary<string, Type> Kinds = typeof(Remedy).Assembly.GetTypes()
        .Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(Remedy))).ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);

    /// <summary>The remedies of a case, each with its guard judged now.</summary>
    public async Task<IReadOnlyList<OfferedRemedy>> Offers(Sql sql, Case one)
    {
        var offered = new List<OfferedRemedy>();
        var index = 0;
        foreach (var remedy in one.Refusal?.Remedies ?? [])
        {
            offered.Add(new(index, remedy, await Offer(sql, remedy, one)));
            index++;
        }
        return offered;
    }

    /// <summary>One remedy of a case; null when there is none with this index.</summary>
    public async Task<OfferedRemedy?> Offer(Sql sql, Case one, int index) =>
        one.Refusal?.Remedies.ElementAtOrDefault(index) is { } remedy ? new(index, remedy, await Offer(sql, remedy, one)) : null;

    /// <summary>Applies a remedy in one transaction; the offer is judged again inside it, so a second press changes nothing.</summary>
    public async Task<Outcome<Pressed>> Press(string reference, int index, Actor actor)
    {
        // What was refused before the press must not open the problem again after it.
        await log.Settle();
        return await database.Write<Outcome<Pressed>>(async sql =>
        {
            if (await Cases.Find(sql, reference) is not { } one) return Pressed.NoSuchRemedy;
            // The lock on the problem's row lets two presses go one after the other.
            await sql.Run("update problems set state_changed_at = state_changed_at where id = @id", new { id = one.ProblemId });
            if (await Offer(sql, one, index) is not { Offer: { } offer, Remedy: var remedy }) return Pressed.NoSuchRemedy;
            if (!offer.Available) return Pressed.AlreadyDone;
            if (!offer.OneClick) return Pressed.ByHand;
            if (!(await HandlerOf(remedy)!.Apply(sql, remedy, one.Origin, actor)).Passed(out var undo, out var refusal) && refusal is not null) return refusal;
            if (undo is null) return Pressed.AlreadyDone;
            var now = clock.Now();
            await sql.Run("""
                insert into applied_remedies (id, reference, kind, remedy, undo, summary, applied_at, applied_by)
                values (@id, @reference, @kind, @remedy, @undo, @summary, @now, @by)
                """, new
            {
                id = clock.NewId(),
                reference,
                kind = remedy.GetType().Name,
                remedy = JsonSerializer.Serialize(remedy, remedy.GetType()),
                undo,
                summary = remedy.Label,
                now,
                by = actor.Name,
            });
            await CaseStore.MarkWaiting(sql, one.ProblemId, now);
            return Pressed.Done;
        });
    }

    /// <summary>Takes back what was applied, while what it wrote still stands. The reference of its case, and whether it was undone; null when there is no such act.</summary>
    public Task<(string Reference, bool Undone)?> Undo(string id, Actor actor) => database.Write<(string, bool)?>(async sql =>
    {
        var now = clock.Now();
        if (await sql.One<AppliedRemedy>($"select {Cases.AppliedColumns} from applied_remedies r where r.id = @id", new { id }) is not { } applied) return null;
        var mine = await sql.Run("update applied_remedies set undone_at = @now where id = @id and undone_at is null", new { id, now }) == 1;
        if (!mine || applied.Undo is null || Read(applied) is not { } remedy || HandlerOf(remedy) is not { } handler) return (applied.Reference, false);
        if (!await handler.Undo(sql, remedy, applied.Undo, actor))
        {
            await sql.Run("update applied_remedies set undone_at = null where id = @id", new { id });
            return (applied.Reference, false);
        }
        if (await sql.One<string?>("select problem_id from cases where reference = @Reference", new { applied.Reference }) is { } problem) await CaseStore.MarkOpen(sql, problem, now);
        return (applied.Reference, true);
    });

    private async Task<RemedyOffer?> Offer(Sql sql, Remedy remedy, Case one)
    {
        if (HandlerOf(remedy) is not { } handler) return null;
        return Guard(await handler.Offer(sql, remedy, one.Origin), remedy, one.Origin);
    }

    /// <summary>Whatever the handler thinks: what a stranger without a session brought about never widens anything in one click.</summary>
    internal static RemedyOffer Guard(RemedyOffer offer, Remedy remedy, RemedyCase origin) =>
        remedy.Widens && origin is { Causer: Causer.Stranger, LiveSession: false } ? offer with { OneClick = false } : offer;

    private static Remedy? Read(AppliedRemedy applied) =>
        Kinds.TryGetValue(applied.Kind, out var type) ? (Remedy?)JsonSerializer.Deserialize(applied.RemedyJson, type) : null;

    private IHandler? HandlerOf(Remedy remedy)
    {
        var type = remedy.GetType();
        return services.GetService(typeof(IRemedyHandler<>).MakeGenericType(type)) is { } handler
            ? (IHandler)Activator.CreateInstance(typeof(Handler<>).MakeGenericType(type), handler)!
            : null;
    }

    private interface IHandler
    {
        Task<RemedyOffer> Offer(Sql sql, Remedy remedy, RemedyCase origin);
        Task<Outcome<string?>> Apply(Sql sql, Remedy remedy, RemedyCase origin, Actor actor);
        Task<bool> Undo(Sql sql, Remedy remedy, string undo, Actor actor);
    }

    private sealed class Handler<T>(IRemedyHandler<T> handler) : IHandler where T : Remedy
    {
        public Task<RemedyOffer> Offer(Sql sql, Remedy remedy, RemedyCase origin) => handler.Offer(sql, (T)remedy, origin);
        public Task<Outcome<string?>> Apply(Sql sql, Remedy remedy, RemedyCase origin, Actor actor) => handler.Apply(sql, (T)remedy, origin, actor);
        public Task<bool> Undo(Sql sql, Remedy remedy, string undo, Actor actor) => handler.Undo(sql, (T)remedy, undo, actor);
    }
}
