using System.Security.Cryptography;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passwords;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Throttling;
using Gatehouse.Web;

namespace Gatehouse.SignIn.BreakGlass;

/// <summary>
/// Opens, confirms and ends break-glass sessions, and rehearses. Nothing here asks mail, a directory or another host. Every way to "no" does the same work and is not answered
/// before the <see cref="AnswerFloor"/>.
/// </summary>
public sealed partial class UseBreakGlass(Database database, Secrets secrets, GuessLimits limits, AnswerFloor floor, BreakGlassLetters letters, AuditLog audit, SignInLog signIns, IRefusalLog cases, TimeProvider clock, ILogger<UseBreakGlass> logger)
{
    private const string SessionType = "break-glass-session";
    private const string LabelAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>Spends a credential and begins a session of half an hour; a session of this browser ends. The cookie's value, shown to nobody else.</summary>
    /// <param name="normal">From <see cref="BreakGlassText.Read"/>.</param>
    internal async Task<Outcome<(string Cookie, Opening Opening)>> Open(string normal, AccessGranted? present, Opening? before, Visit visit)
    {
        var began = TimeProvider.System.GetTimestamp();
        var lane = LaneOf(visit);
        var reserved = await database.Write(sql => limits.Reserve(sql, lane));
        if (!reserved.MayJudge) return new BreakGlassThrottled(ClientAddress.Block(visit.Address), lane.Limit, reserved.FreeAt);
        var (hash, cookie) = (SealBreakGlass.Hash(secrets, normal), Secrets.NewToken());
        var outcome = await database.Write(async sql =>
        {
            var now = clock.Now();
            if (await BreakGlassStore.Spend(sql, hash, kind: null, now) is not { } spent) return (Outcome<Opening>)await Why(sql, hash, rehearsal: false, now);
            var opening = new Opening
            {
                Id = clock.NewId(),
                Label = "BG-" + RandomNumberGenerator.GetString(LabelAlphabet, 6),
                CredentialId = spent.Id,
                Kind = spent.Kind,
                SessionHash = secrets.Hash(SessionType, cookie),
                OpenedAt = now,
                ExpiresAt = now + (long)GlassLimits.Session.TotalMilliseconds,
                ConfirmedAt = now,
                Address = visit.Address.ToString(),
                UserAgent = visit.UserAgent,
            };
            await BreakGlassStore.Insert(sql, opening);
            await limits.GiveBack(sql, reserved, lane);
            if (present?.Session is { } session) await SessionStore.End(sql, session.PublicId, "replaced by a break-glass session", now);
            if (before is not null) await BreakGlassStore.End(sql, before.Id, "replaced by a newer one in the same browser", now);
            await audit.Write(sql, new(opening.ActorName, opening.Address), "break_glass.opened", TargetOf(opening), after: $"by the {BreakGlassRefused.Name(spent.Kind)} of {BreakGlassRefused.At(spent.MadeAt)}; ends {BreakGlassRefused.At(opening.ExpiresAt)}");
            await letters.Opened(sql, opening);
            return opening;
        });
        if (!outcome.Passed(out var opened, out var refusal))
        {
            await floor.Wait(began);
            return refusal;
        }
        WasOpened(logger, opened.Label, opened.Kind, opened.Address);
        signIns.Success(SignInLog.Session, Opening.UserId, null, SignInLog.BreakGlass, visit);
        var reference = cases.Record(new BreakGlassUsed(opened.Label, opened.Kind, opened.OpenedAt, opened.ExpiresAt), visit.Context);
        await database.Write(sql => BreakGlassStore.SetReference(sql, opened.Id, reference.Text));
        return (cookie, opened);
    }

    /// <summary>Checks that somebody holds the sealed credential, notes the date, and opens nothing.</summary>
    /// <param name="by">Who rehearses, as the audit log is to name them.</param>
    /// <param name="visit">Null at the console, which is not counted.</param>
    internal async Task<Outcome<GlassCredential>> Drill(string normal, Actor by, Visit? visit)
    {
        var began = TimeProvider.System.GetTimestamp();
        var lane = visit is null ? null : LaneOf(visit);
        Reserved? reserved = null;
        if (lane is not null)
        {
            reserved = await database.Write(sql => limits.Reserve(sql, lane));
            if (!reserved.MayJudge) return new BreakGlassThrottled(ClientAddress.Block(visit!.Address), lane.Limit, reserved.FreeAt);
        }
        var hash = SealBreakGlass.Hash(secrets, normal);
        var outcome = await database.Write(async sql =>
        {
            var now = clock.Now();
            if (await BreakGlassStore.Drill(sql, hash, now) is not { } drilled) return (Outcome<GlassCredential>)await Why(sql, hash, rehearsal: true, now);
            if (lane is not null) await limits.GiveBack(sql, reserved!, lane);
            await audit.Write(sql, by, "break_glass.drilled", SealBreakGlass.Target, after: "the sealed credential was rehearsed; nothing was opened");
            await letters.Rehearsed(sql, clock.NewId(), by.Name, by.Address);
            return drilled;
        });
        if (outcome.Refusal is not null) await floor.Wait(began);
        return outcome;
    }

    /// <summary>Confirms an act within a session: by the sealed credential that opened it, or by a fresh code of the console, which is spent. The session's new cookie.</summary>
    internal async Task<Outcome<string>> Confirm(Opening opening, string? normal, Visit visit)
    {
        var lane = new Lane("break-glass:confirm:" + opening.Id, GlassLimits.PerAddress, GlassLimits.Session);
        var reserved = await database.Write(sql => limits.Reserve(sql, lane));
        if (!reserved.MayJudge) return new BreakGlassNotConfirmed(opening.Label, Throttled: true);
        var (hash, cookie) = (SealBreakGlass.Hash(secrets, normal ?? ""), Secrets.NewToken());
        return await database.Write(async sql =>
        {
            var now = clock.Now();
            var own = normal is not null && opening.Kind == GlassKind.Sealed && await BreakGlassStore.Is(sql, opening.CredentialId, hash);
            if (!own && (normal is null || await BreakGlassStore.Spend(sql, hash, GlassKind.Console, now) is null)) return (Outcome<string>)new BreakGlassNotConfirmed(opening.Label, Throttled: false);
            if (await BreakGlassStore.Confirm(sql, opening.SessionHash, secrets.Hash(SessionType, cookie), now) == 0) return new BreakGlassOver(opening.Label, now, "it was ended meanwhile");
            await limits.GiveBack(sql, reserved, lane);
            await audit.Write(sql, new(opening.ActorName, visit.Address.ToString()), "break_glass.confirmed", TargetOf(opening), after: own ? "by the sealed credential again" : "by a fresh code of the console");
            return cookie;
        });
    }

    /// <summary>Ends a session early. False when it was over.</summary>
    public Task<bool> End(string id, Actor actor) => database.Write(async sql =>
    {
        if (await BreakGlassStore.FindById(sql, id) is not { } opening || await BreakGlassStore.End(sql, id, "it was ended early", clock.Now()) == 0) return false;
        await audit.Write(sql, actor, "break_glass.ended", TargetOf(opening));
        return true;
    });

    /// <summary>Ends every open session and the code that waits; the sealed credential stays. How many sessions were open.</summary>
    public Task<int> Close(Actor actor) => database.Write(async sql =>
    {
        var now = clock.Now();
        var open = (await BreakGlassStore.Newest(sql)).Where(o => o.IsOpen(now)).ToArray();
        foreach (var opening in open)
        {
            await BreakGlassStore.End(sql, opening.Id, "it was ended early", now);
            await audit.Write(sql, actor, "break_glass.ended", TargetOf(opening));
        }
        if (await BreakGlassStore.EndAll(sql, GlassKind.Console, "it was withdrawn", now) > 0) await audit.Write(sql, actor, "break_glass.code_withdrawn", SealBreakGlass.Target with { Name = "Code of the console" });
        return open.Length;
    });

    /// <summary>The session of a cookie, whether it is over or not; null when the cookie is none of ours.</summary>
    internal Task<Opening?> Find(string cookie) => database.Read(sql => BreakGlassStore.Find(sql, secrets.Hash(SessionType, cookie)));

    private static AuditTarget TargetOf(Opening opening) => new("break_glass", opening.Id, opening.Label);

    private static Lane LaneOf(Visit visit) => new("break-glass:address:" + ClientAddress.Block(visit.Address), GlassLimits.PerAddress, Lane.Quarter);

    private static async Task<Refusal> Why(Sql sql, string hash, bool rehearsal, long now)
    {
        var (stored, any) = (await BreakGlassStore.Explain(sql, hash), await BreakGlassStore.AnyUnspent(sql, now));
        return stored switch
        {
            null => any ? new BreakGlassUnknown(rehearsal) : new BreakGlassNothingSealed(rehearsal),
            { UsedAt: { } used } => new BreakGlassUsedBefore(stored.Kind, stored.MadeAt, used),
            { EndedBecause: { } because } => new BreakGlassEndedBefore(stored.Kind, stored.MadeAt, because),
            { ExpiresAt: { } end } when end <= now => new BreakGlassEndedBefore(stored.Kind, stored.MadeAt, $"it was good until {BreakGlassRefused.At(end)}"),
            // A live code of the console, typed to rehearse.
            _ => new BreakGlassUnknown(rehearsal),
        };
    }

    [LoggerMessage(1, LogLevel.Warning, "break-glass: the session {Label} was opened by a credential of kind {Kind} from {Address}")]
    private static partial void WasOpened(ILogger logger, string label, string kind, string address);
}
