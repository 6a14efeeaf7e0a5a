using System.Text.Json.Nodes;
using Gatehouse.Accounts;
using Gatehouse.Accounts.Groups;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.Requests;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignUp.Links;
using Gatehouse.Web;

namespace Gatehouse.SignUp.Join;

/// <summary>Somebody who has begun to sign up, in one browser, with one link.</summary>
public sealed record Pending
{
    public string Id { get; init; } = "";
    public string LinkId { get; init; } = "";
    public string Browser { get; init; } = "";
    public string UserId { get; init; } = "";
    public string Email { get; init; } = "";
    public string DisplayName { get; init; } = "";
}

/// <summary>What the page of a link shows.</summary>
public sealed record Joining(SignUpLink Link, Pending? Pending);

/// <summary>What came of the first step.</summary>
public enum Begun
{
    /// <summary>On to the passkey, here and now.</summary>
    Here,

    /// <summary>A mail goes out; on from there.</summary>
    ByMail,
}

/// <summary>
/// From a link to an account. The account, the link's use and the first passkey are written together; until then there is one pending row for link and browser,
/// which the same link finds again.
/// </summary>
public sealed class JoinWithLink(Database database, Secrets secrets, Settings settings, SignUpLinks links, RequestSignUp requests, PublicRequests reserve, Ceremonies ceremonies, CreateUser create, AddMember join,
    Accounts.Email.OwnAddress own, AccessRules rules, BeginSession sessions, AuditLog audit, TimeProvider clock)
{
    private const string Columns = """p.id as "Id", p.link_id as "LinkId", p.browser as "Browser", p.user_id as "UserId", p.email as "Email", p.display_name as "DisplayName" """;

    /// <summary>What to show for a link. Fetching a page consumes nothing; that it was fetched is noted once.</summary>
    /// <param name="byBrowser">The request looks like one that a person's browser makes.</param>
    public async Task<Outcome<Joining>> Look(string token, bool byBrowser, Visit visit)
    {
        var mode = (await SignUpSettings.Of(settings)).Mode;
        var (link, replaced, pending) = await database.Read(async sql =>
        {
            var found = await SignUpLinkStore.FindByToken(sql, links.Hash(token));
            return (found.Link, found.Replaced, found.Link is null ? null : await Find(sql, found.Link.Id, visit));
        });
        if (link is null) return new SignUpLinkUnknown(token.Length);
        if (byBrowser ? link.OpenedAt is null : link.ScannedAt is null && link.OpenedAt is null)
            await database.Write(sql => sql.Run(byBrowser
                ? "update signup_links set opened_at = @now where id = @Id and opened_at is null"
                : "update signup_links set scanned_at = @now where id = @Id and scanned_at is null", new { now = clock.Now(), link.Id }));
        if (await Judge(link, replaced, null, mode) is { } refusal) return refusal;
        if (link.Email is { } address && await database.Read(sql => UserStore.FindByEmail(sql, address)) is { } owner) return new SignUpAddressKnown(owner.Ref, $"the {link.Kind} that was mailed to it");
        return new Joining(link, pending);
    }

    /// <summary>Takes name and address. With a link that was mailed to one address, that address counts whatever was typed.</summary>
    public async Task<Outcome<Begun>> Begin(string token, string? displayName, string? email, Visit visit)
    {
        if (!(await Look(token, byBrowser: true, visit)).Passed(out var joining, out var refusal)) return refusal;
        var link = joining.Link;
        if (!AccountNames.Display("display_name", displayName).Passed(out var name, out refusal)) return refusal;
        if (!AccountNames.Email(link.Email ?? email).Passed(out var address, out refusal)) return refusal;
        var how = await SignUpSettings.Of(settings);
        if (link.Email is null && !how.Allows(address)) return RequestSignUp.NotAllowed(address, how);
        if (link.Email is null && how.ProveAddress) return (await requests.Ask(address, name, link.Id, visit)).Passed(out _, out refusal) ? Begun.ByMail : refusal;
        return await database.Write<Outcome<Begun>>(async sql =>
        {
            // Without a proof of the address, whoever has the link could try addresses; not many.
            if (link.Email is null && !await reserve.Reserve(sql, visit)) return RequestSignUp.TooMany(visit);
            await sql.Run("""
            insert into signup_pending (id, link_id, browser, user_id, email, display_name, updated_at) values (@id, @linkId, @browser, @userId, @address, @name, @now)
            on conflict (link_id, browser) do update set email = excluded.email, display_name = excluded.display_name, updated_at = excluded.updated_at
            """, new { id = clock.NewId(), linkId = link.Id, browser = Browser(visit), userId = clock.NewId(), address, name, now = clock.Now() });
            return Begun.Here;
        });
    }

    /// <summary>The options of the passkey's registration.</summary>
    public async Task<Outcome<JsonObject>> Options(string token, Visit visit)
    {
        if (!(await Look(token, byBrowser: true, visit)).Passed(out var joining, out var refusal)) return refusal;
        if (joining.Pending is not { } pending) return new SignUpNotBegun(visit.CookieReturned);
        return await database.Write(sql => ceremonies.BeginRegistration(sql, new("sign-up", null, null, pending.Id), visit, pending.UserId, pending.Email, pending.DisplayName, []));
    }

    /// <summary>Writes account, use and passkey in one transaction; the cookie's value of the new session.</summary>
    public async Task<Outcome<string>> Complete(string challenge, AttestationResponse response, AccessGranted? present, Visit visit)
    {
        var mode = (await SignUpSettings.Of(settings)).Mode;
        try
        {
            return await database.Write(sql => Complete(sql, challenge, response, mode, present, visit));
        }
        catch (Exception e) when (e is Overtaken || Database.IsUniqueViolation(e))
        {
            // Somebody else took the address between our look and our write: nothing of ours was written.
            return new SignUpAddressKnown(new("", "Somebody"), "a sign-up at the same moment");
        }
    }

    private async Task<Outcome<string>> Complete(Sql sql, string challenge, AttestationResponse response, string mode, AccessGranted? present, Visit visit)
    {
        if (await ceremonies.Spend(sql, TokenType.RegistrationChallenge, challenge, visit.BrowserId) is not { Purpose: "sign-up", Detail: { } pendingId }) return new PasskeyChallengeGone(Ceremony.Registration);
        if (!VerifyAttestation.Judge(ceremonies.RelyingParty, Ceremonies.Decode(challenge), response, AttestationPolicy.None, clock.GetUtcNow()).Passed(out var credential, out var refusal)) return refusal;
        visit.Passed("passkey verified");
        if (await sql.One<Pending>($"select {Columns} from signup_pending p where p.id = @pendingId and p.browser = @browser", new { pendingId, browser = Browser(visit) }) is not { } pending)
            return new SignUpNotBegun(visit.CookieReturned);
        var (link, parent) = await SignUpLinkStore.Hold(sql, pending.LinkId);
        if (link is null) return new SignUpLinkUnknown(0);
        if (await Judge(link, replaced: false, parent, mode) is { } dead) return dead;
        if (await UserStore.FindByEmail(sql, pending.Email) is { } owner) return new SignUpAddressKnown(owner.Ref, $"the {link.Kind} {link.Name}");
        if (await PasskeyStore.IsTaken(sql, credential.CredentialId)) return PasskeyAlreadyRegistered.Of(credential.CredentialId);

        var now = clock.Now();
        if (!await SignUpLinkStore.Use(sql, link.Id, pending.UserId, now, validAt: now) || parent is not null && !await SignUpLinkStore.Use(sql, parent.Id, pending.UserId, now, validAt: link.CreatedAt))
            throw new InvalidOperationException("a held link was used by somebody else");
        var actor = new Actor(pending.Email, visit.Address.ToString());
        var created = await create.Within(sql, new(pending.Email, DisplayName: pending.DisplayName, EmailVerified: link.Email is not null, Id: pending.UserId), actor);
        // Judged above; who took the address since has it. Thrown, so that the link's use goes back with the rest.
        if (!created.Passed(out var user, out refusal)) throw refusal is EmailTaken ? new Overtaken() : new InvalidOperationException($"judged and refused: {refusal.Facts.Code}");
        foreach (var group in (await SignUpLinkStore.Groups(sql, (parent ?? link).Id)).Concat(await SignUpLinkStore.Groups(sql, link.Id)).DistinctBy(g => g.Id)) await join.Within(sql, group.Id, user.Id, actor);
        var passkey = RegisterPasskey.Make(credential, user.Id, clock);
        await PasskeyStore.Insert(sql, passkey);
        if (!user.EmailVerified) await own.SendProof(sql, user);
        await sql.Run("delete from signup_pending where link_id = @LinkId and browser = @Browser", new { pending.LinkId, pending.Browser });
        await audit.Write(sql, actor, "sign_up.completed", user.AuditTarget, after: $"by the {link.Kind} {link.Name}{(parent is null ? "" : $" of {parent.Name}")}");
        if (!rules.Judge(user, await GroupStore.Of(sql, user.Id), session: null, client: null).Passed(out var granted, out refusal)) return refusal;
        return await sessions.Begin(sql, granted, visit, SessionKind.Full, new Factor(passkey.Method, now, passkey.Id, passkey.CreatedAt, First: true), present?.Session);
    }

    private sealed class Overtaken : Exception;

    private async Task<Refusal?> Judge(SignUpLink link, bool replaced, SignUpLink? parent, string mode)
    {
        var now = clock.Now();
        if (mode == SignUpMode.Disabled) return new SignUpClosed(mode);
        // Its own state first: a used link is used, whatever became of the values that were handed out for it.
        if (One(link) is { } own) return own;
        if (replaced) return new SignUpLinkRevoked(SignUpLinks.Ref(link), link.CreatedBy, Replaced: true);
        if (link.ParentId is null) return link.Kind == LinkKind.Request && mode != SignUpMode.Open ? new SignUpClosed(mode) : null;
        parent ??= await database.Read(sql => SignUpLinkStore.Find(sql, link.ParentId));
        // Who asked before the parent ended may still finish, as long as it has uses left and nobody revoked it.
        return parent is null ? new SignUpLinkUnknown(0) : One(parent with { ExpiresAt = parent.ExpiresAt > link.CreatedAt ? Math.Max(parent.ExpiresAt, link.ExpiresAt) : parent.ExpiresAt });

        Refusal? One(SignUpLink one) => one.RevokedAt is not null ? new SignUpLinkRevoked(SignUpLinks.Ref(one), one.RevokedBy ?? "unknown", Replaced: false)
            : one.Uses >= one.MaxUses ? new SignUpLinkUsed(SignUpLinks.Ref(one), one.Uses, one.MaxUses, one.UsedAt)
            : one.ExpiresAt <= now ? new SignUpLinkExpired(SignUpLinks.Ref(one), one.ExpiresAt, (now - one.ExpiresAt) / 1000)
            : null;
    }

    private Task<Pending?> Find(Sql sql, string linkId, Visit visit) =>
        sql.One<Pending>($"select {Columns} from signup_pending p where p.link_id = @linkId and p.browser = @browser", new { linkId, browser = Browser(visit) });

    private string Browser(Visit visit) => secrets.Hash("browser", visit.BrowserId);
}
