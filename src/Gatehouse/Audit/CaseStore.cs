using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Audit;

/// <summary>A problem's life.</summary>
public static class ProblemState
{
    public const string Open = "open";

    /// <summary>Mended; waits for the rule to pass.</summary>
    public const string Waiting = "waiting";
    public const string Closed = "closed";
}

/// <summary>
/// Writes cases and problems, bounded: what strangers cause lies in a ring of its own, so that a flood washes out nothing else.
/// Used by one writer at a time.
/// </summary>
internal sealed class CaseStore(TimeProvider clock)
{
    public const string VersionName = "problems";
    public const string StrangerRing = "stranger", UserRing = "user", OperatorRing = "operator";

    /// <summary>The target that gathers what strangers spread over too many names.</summary>
    public const string ManyTargets = "*";

    internal const int CasesPerProblemAndMinute = 20;
    internal const int CasesPerAddressAndMinute = 60;
    internal const int StrangerTargetsPerCode = 200;
    internal const int LooseReferences = 20_000;
    private const int LooseReferencesPerBatch = 50;
    private const int PruneEvery = 250;
    private const int MaxData = 8192;
    private static readonly TimeSpan Retention = TimeSpan.FromDays(90);
    private static readonly (string Ring, int Cases)[] Quotas = [(StrangerRing, 5_000), (UserRing, 20_000), (OperatorRing, 5_000)];
    private readonly Dictionary<(string, string), int> caseRates = [];
    private readonly Dictionary<string, int> addressRates = [];
    private long rateMinute;
    private int sincePruned;

    public async Task Keep(Sql sql, IReadOnlyList<Noted> batch)
    {
        foreach (var signIn in batch.OfType<NotedSignIn>()) await InsertSignIn(sql, signIn);
        await KeepRefusals(sql, [.. batch.OfType<NotedRefusal>()]);
        // Passes come last: one that followed its refusal closes nothing that this refusal has reopened, because the times are compared.
        foreach (var pass in batch.OfType<NotedPass>().Distinct()) await Close(sql, pass);
        if (sincePruned >= PruneEvery)
        {
            await Prune(sql);
            sincePruned = 0;
        }
    }

    public static async Task<Waiting> Waiting(Sql sql) => new((await sql.List<ProblemKey>("""
        select code as "Code", target as "Target" from problems where state = 'waiting' order by state_changed_at desc limit 5000
        """)).Select(k => (k.Code, k.Target)).ToFrozenSet());

    /// <summary>Says that a remedy was applied, so the next pass of the rule closes the problem.</summary>
    public static async Task MarkWaiting(Sql sql, string problemId, long now)
    {
        await sql.Run("update problems set state = 'waiting', state_changed_at = @now where id = @problemId", new { problemId, now });
        await sql.Bump(VersionName);
    }

    /// <summary>A remedy was taken back: the problem is open again unless it has closed by itself.</summary>
    public static async Task MarkOpen(Sql sql, string problemId, long now)
    {
        await sql.Run("update problems set state = 'open', state_changed_at = @now where id = @problemId and state = 'waiting'", new { problemId, now });
        await sql.Bump(VersionName);
    }

    /// <summary>Deletes what is older than 90 days.</summary>
    public async Task Sweep(Sql sql)
    {
        var before = clock.GetUtcNow().Subtract(Retention).ToUnixTimeMilliseconds();
        await sql.Run("delete from problems where last_at < @before", new { before });
        await sql.Run("delete from cases where at < @before", new { before });
        await sql.Run("delete from sign_ins where at < @before", new { before });
        await sql.Run("delete from loose_references where at < @before", new { before });
        await Prune(sql);
    }

    /// <summary>Brings each ring back to its quota; the first and last three cases of a problem stay.</summary>
    internal static async Task Prune(Sql sql)
    {
        foreach (var (ring, quota) in Quotas)
        {
            var excess = await sql.One<long>("select count(*) from cases where ring = @ring", new { ring }) - quota;
            if (excess <= 0) continue;
            await sql.Run("""
                delete from cases where reference in (
                    select reference from (
                        select reference, at, row_number() over (partition by problem_id order by at, reference) as early,
                            row_number() over (partition by problem_id order by at desc, reference desc) as late
                        from cases where ring = @ring) as ranked
                    where early > 3 and late > 3 order by at limit @excess)
                """, new { ring, excess });
        }
        await sql.Run("""
            delete from loose_references where reference in (select reference from loose_references order by at desc, reference limit 1000000000 offset @keep)
            """, new { keep = LooseReferences });
    }

    private async Task KeepRefusals(Sql sql, IReadOnlyList<NotedRefusal> refusals)
    {
        var loose = 0;
        foreach (var group in refusals.GroupBy(r => (r.Refusal.Facts.Code, Target: Printable.Cap(r.Refusal.Target, 200), Ring: RingOf(r))))
        {
            var target = await FoldTarget(sql, group.Key.Code, group.Key.Target, group.Key.Ring);
            var problem = await Count(sql, group.Key.Code, target, group.Key.Ring, [.. group]);
            foreach (var refusal in group)
            {
                if (MayHaveItsOwnRow(refusal, group.Key.Code, target, group.Key.Ring))
                {
                    await InsertCase(sql, problem, refusal, group.Key.Code, target, group.Key.Ring);
                    sincePruned++;
                }
                else if (loose++ < LooseReferencesPerBatch)
                {
                    await sql.Run("insert into loose_references (reference, problem_id, at) values (@Reference, @problem, @At) on conflict (reference) do nothing",
                        new { refusal.Reference, problem, refusal.At });
                    sincePruned++;
                }
            }
        }
    }

    private static string RingOf(NotedRefusal noted) => noted.Refusal.Facts.Causer switch
    {
        Causer.Operator => OperatorRing,
        Causer.ProvenUser => UserRing,
        _ => noted.Context.LiveSession ? UserRing : StrangerRing,
    };

    private static async Task<string> FoldTarget(Sql sql, string code, string target, string ring)
    {
        if (ring != StrangerRing || target.Length == 0) return target;
        if (await sql.One<string?>("select id from problems where code = @code and target = @target", new { code, target }) is not null) return target;
        var targets = await sql.One<long>("select count(*) from problems where code = @code", new { code });
        return targets < StrangerTargetsPerCode ? target : ManyTargets;
    }

    private async Task<string> Count(Sql sql, string code, string target, string ring, NotedRefusal[] refusals)
    {
        var last = refusals.MaxBy(r => r.At)!;
        var row = await sql.One<Counted>("""
            insert into problems (id, code, target, ring, state, occurrences, first_at, last_at, last_reference, state_changed_at)
            values (@id, @code, @target, @ring, 'open', @count, @first, @last, @reference, @first)
            on conflict (code, target) do update set
                occurrences = problems.occurrences + excluded.occurrences,
                last_at = case when excluded.last_at > problems.last_at then excluded.last_at else problems.last_at end,
                last_reference = excluded.last_reference,
                ring = case when problems.ring = 'stranger' then excluded.ring else problems.ring end,
                state_changed_at = case when problems.state <> 'open' and excluded.last_at >= problems.state_changed_at then excluded.last_at else problems.state_changed_at end,
                reopened = problems.reopened + case when problems.state <> 'open' and excluded.last_at >= problems.state_changed_at then 1 else 0 end,
                state = case when problems.state <> 'open' and excluded.last_at >= problems.state_changed_at then 'open' else problems.state end
            returning id as "Id", reopened as "Reopened", state_changed_at as "StateChangedAt"
            """, new { id = clock.NewId(), code, target, ring, count = refusals.Length, first = refusals.Min(r => r.At), last = last.At, reference = last.Reference });
        if (row!.Reopened > 0 && row.StateChangedAt == last.At) await sql.Bump(VersionName);
        return row.Id;
    }

    private bool MayHaveItsOwnRow(NotedRefusal noted, string code, string target, string ring)
    {
        var minute = noted.At / 60_000;
        if (minute != rateMinute)
        {
            caseRates.Clear();
            addressRates.Clear();
            rateMinute = minute;
        }
        var ofProblem = caseRates[(code, target)] = caseRates.GetValueOrDefault((code, target)) + 1;
        if (ofProblem > CasesPerProblemAndMinute) return false;
        if (ring != StrangerRing || noted.Context.Address is not { } address) return true;
        var block = ClientAddress.Block(address);
        return (addressRates[block] = addressRates.GetValueOrDefault(block) + 1) <= CasesPerAddressAndMinute;
    }

    private static Task InsertCase(Sql sql, string problem, NotedRefusal noted, string code, string target, string ring) => sql.Run("""
        insert into cases (reference, problem_id, at, code, data, ring, target, user_id, client_id, address, user_agent, trace_id, live_session, retry_path, steps)
        values (@Reference, @problem, @At, @code, @data, @ring, @target, @user, @client, @address, @agent, @trace, @LiveSession, @retry, @steps)
        on conflict (reference) do nothing
        """, new
    {
        noted.Reference,
        problem,
        noted.At,
        code,
        data = Data(noted.Refusal),
        ring,
        target,
        user = Short(noted.Context.UserId, 100),
        client = Short(noted.Context.ClientId, 200),
        address = noted.Context.Address?.ToString() ?? "",
        agent = Short(noted.Context.UserAgent, 300) ?? "",
        trace = Short(noted.Context.TraceId, 100) ?? "",
        noted.Context.LiveSession,
        // The path only: its query may carry state, nonce and other people's values.
        retry = Short(noted.Context.RetryPath?.Split('?', '#')[0], 200),
        steps = JsonSerializer.Serialize(noted.Context.Steps.Take(40).Select(s => s with { Name = Printable.Cap(s.Name, 120) })),
    });

    private Task InsertSignIn(Sql sql, NotedSignIn noted) => sql.Run("""
        insert into sign_ins (id, at, kind, user_id, client_id, method, address, user_agent)
        values (@id, @At, @Kind, @UserId, @ClientId, @Method, @Address, @UserAgent)
        """, new { id = clock.NewId(), noted.At, noted.Kind, noted.UserId, noted.ClientId, noted.Method, noted.Address, noted.UserAgent });

    private static async Task Close(Sql sql, NotedPass pass)
    {
        var closed = await sql.Run("""
            update problems set state = 'closed', state_changed_at = @At where code = @Code and target = @Target and state = 'waiting' and state_changed_at <= @At
            """, new { pass.Code, pass.Target, pass.At });
        if (closed > 0) await sql.Bump(VersionName);
    }

    private static string? Short(string? text, int length) => text is null ? null : Printable.Cap(text, length);

    /// <summary>The record's JSON; when it is large, each text in it is shortened, so that it can still be read back.</summary>
    private static string Data(Refusal refusal)
    {
        var data = RefusalCatalogue.Write(refusal);
        if (data.Length <= MaxData) return data;
        var node = JsonNode.Parse(data)!;
        Shorten(node, 200);
        var shortened = node.ToJsonString();
        return shortened.Length <= MaxData ? shortened : "{}";
    }

    private static void Shorten(JsonNode node, int length)
    {
        if (node is JsonObject fields)
        {
            foreach (var (name, value) in fields.ToArray())
                if (value is JsonValue text && text.TryGetValue(out string? s) && s.Length > length) fields[name] = s[..length] + "…";
                else if (value is not null) Shorten(value, length);
        }
        else if (node is JsonArray items)
        {
            while (items.Count > 10) items.RemoveAt(items.Count - 1);
            for (var i = 0; i < items.Count; i++)
                if (items[i] is JsonValue text && text.TryGetValue(out string? s) && s.Length > length) items[i] = s[..length] + "…";
                else if (items[i] is { } inner) Shorten(inner, length);
        }
    }

    private sealed record ProblemKey
    {
        public string Code { get; init; } = "";
        public string Target { get; init; } = "";
    }

    private sealed record Counted
    {
        public string Id { get; init; } = "";
        public long Reopened { get; init; }
        public long StateChangedAt { get; init; }
    }
}
