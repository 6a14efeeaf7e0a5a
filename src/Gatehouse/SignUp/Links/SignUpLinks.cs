using Gatehouse.Accounts;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.SignUp.Links;

/// <summary>A link with its URL, which is shown once.</summary>
public sealed record MadeLink(SignUpLink Link, string Url);

/// <summary>What an admin asks for.</summary>
/// <param name="Groups">Ids; the new accounts join them.</param>
public sealed record LinkWish(TimeSpan Validity, IReadOnlyList<string> Groups)
{
    public static readonly TimeSpan Shortest = TimeSpan.FromHours(1);
    public static readonly TimeSpan Longest = TimeSpan.FromDays(31);

    public Refusal? Fault => Validity < Shortest || Validity > Longest ? new InvitationInvalid("valid", "it is not between 1 hour and 31 days") : null;
}

/// <summary>Making, renewing and ending the ways to a new account.</summary>
public sealed class SignUpLinks(Database database, Secrets secrets, Outbox outbox, LetterPaper paper, Settings settings, AuditLog audit, ServerConfiguration configuration, TimeProvider clock)
{
    public const string TokenPurpose = "signup_link";
    public const int MostUses = 1000;

    /// <summary>A link for whoever has it.</summary>
    public Task<Outcome<MadeLink>> Make(string? label, long uses, LinkWish wish, Actor actor) => database.Write<Outcome<MadeLink>>(async sql =>
    {
        if (uses is < 1 or > MostUses) return new InvitationInvalid("uses", "it is not a number from 1 to 1,000");
        if (wish.Fault is { } fault) return fault;
        if (!AccountNames.Display("label", string.IsNullOrWhiteSpace(label) ? "Sign-up link" : label).Passed(out var name, out var refusal)) return refusal;
        return await Insert(sql, new SignUpLink { Kind = LinkKind.Link, Label = name, MaxUses = uses }, wish, actor);
    });

    /// <summary>An invitation for one address. An open one for the same address is renewed, not doubled.</summary>
    /// <param name="mail">False: the URL is handed over by other means.</param>
    /// <returns>Again is true when it was renewed.</returns>
    public Task<Outcome<(MadeLink Made, bool Again)>> Invite(string? email, string? displayName, LinkWish wish, bool mail, Actor actor) => database.Write<Outcome<(MadeLink, bool)>>(async sql =>
    {
        if (!AccountNames.Email(email).Passed(out var address, out var refusal)) return refusal;
        if (!AccountNames.DisplayOrNone("display_name", displayName).Passed(out var name, out refusal)) return refusal;
        if (wish.Fault is { } fault) return fault;
        if (await UserStore.FindByEmail(sql, address) is { } owner) return new EmailTaken(owner.Ref, owner.DeletedAt is not null);
        var open = await sql.List<SignUpLink>($"""
            select {SignUpLink.Columns} from signup_links l where l.email_folded = @folded and l.kind = 'invitation' and l.revoked_at is null and l.uses < l.max_uses order by l.created_at desc
            """, new { folded = UserStore.Fold(address) });
        var again = open.Count > 0;
        MadeLink made;
        if (again)
        {
            // What the admin asks for now counts: groups, name and time of the new form.
            await sql.Run("update signup_links set display_name = coalesce(@name, display_name) where id = @Id", new { name, open[0].Id });
            await sql.Run("delete from signup_link_groups where link_id = @Id", new { open[0].Id });
            foreach (var group in wish.Groups) await SignUpLinkStore.AddGroup(sql, open[0].Id, group);
            made = await Renew(sql, open[0], wish.Validity, actor);
        }
        else made = await Insert(sql, new SignUpLink { Kind = LinkKind.Invitation, Email = address, DisplayName = name, MaxUses = 1 }, wish, actor);
        if (mail) await Mail(sql, made, actor.Name);
        return (made, again);
    });

    /// <summary>The link that proves the address of somebody who asked to sign up; renewed when they ask again.</summary>
    internal async Task<MadeLink> ForRequest(Sql sql, string address, string? parentId, TimeSpan validity, Actor actor)
    {
        var folded = UserStore.Fold(address);
        var open = await sql.List<SignUpLink>($"""
            select {SignUpLink.Columns} from signup_links l where l.email_folded = @folded and l.kind = 'request' and (l.parent_id = @parentId or (l.parent_id is null and @parentId is null))
                and l.revoked_at is null and l.uses < l.max_uses order by l.created_at desc
            """, new { folded, parentId });
        return open.Count > 0
            ? await Renew(sql, open[0], validity, actor)
            : await Insert(sql, new SignUpLink { Kind = LinkKind.Request, ParentId = parentId, Email = address, MaxUses = 1 }, new(validity, []), actor);
    }

    /// <summary>A new value for the same link; every older one is dead. Mailed to its address when <paramref name="mail"/>.</summary>
    public Task<Outcome<MadeLink>> Renew(string id, bool mail, Actor actor) => database.Write(sql => Renew(sql, id, mail, actor));

    internal async Task<Outcome<MadeLink>> Renew(Sql sql, string id, bool mail, Actor actor, string? reference = null)
    {
        if (await SignUpLinkStore.Find(sql, id) is not { } link) return new SignUpLinkUnknown(0);
        if (link.RevokedAt is not null) return new SignUpLinkRevoked(Ref(link), link.RevokedBy ?? "unknown", Replaced: false);
        if (link.Uses >= link.MaxUses) return new SignUpLinkUsed(Ref(link), link.Uses, link.MaxUses, link.UsedAt);
        var made = await Renew(sql, link, TimeSpan.FromMilliseconds(Math.Clamp(link.ExpiresAt - (link.SentAt ?? link.CreatedAt), 3_600_000, (long)LinkWish.Longest.TotalMilliseconds)), actor, reference);
        if (mail && link.Email is not null) await Mail(sql, made, actor.Name);
        return made;
    }

    /// <summary>Ends it for good; what was not mailed yet is taken back.</summary>
    public Task<Outcome<SignUpLink>> Revoke(string id, Actor actor) => database.Write<Outcome<SignUpLink>>(async sql =>
    {
        if (await SignUpLinkStore.Find(sql, id) is not { } link) return new SignUpLinkUnknown(0);
        if (await sql.Run("update signup_links set revoked_at = @now, revoked_by = @by where id = @id and revoked_at is null", new { now = clock.Now(), by = actor.Name, id }) == 1)
        {
            await outbox.Cancel(sql, new(link.Kind, id));
            await audit.Write(sql, actor, "sign_up.revoked", link.AuditTarget);
        }
        return link;
    });

    public static SignUpLinkRef Ref(SignUpLink link) => new(link.Id, link.Kind, link.Name);

    public string Hash(string token) => secrets.Hash(TokenPurpose, token);

    private async Task<MadeLink> Insert(Sql sql, SignUpLink wanted, LinkWish wish, Actor actor)
    {
        var now = clock.Now();
        var link = wanted with { Id = clock.NewId(), CreatedAt = now, CreatedBy = actor.Name, ExpiresAt = now + (long)wish.Validity.TotalMilliseconds };
        await SignUpLinkStore.Insert(sql, link, link.Email is null ? null : UserStore.Fold(link.Email));
        foreach (var group in wish.Groups) await SignUpLinkStore.AddGroup(sql, link.Id, group);
        var groups = await SignUpLinkStore.Groups(sql, link.Id);
        await audit.Write(sql, actor, $"sign_up.{link.Kind}_made", link.AuditTarget,
            after: $"{link.MaxUses} use{(link.MaxUses == 1 ? "" : "s")}, until {DateTimeOffset.FromUnixTimeMilliseconds(link.ExpiresAt):yyyy-MM-dd HH:mm} UTC{(groups.Count > 0 ? ", joins " + string.Join(", ", groups.Select(g => g.Name)) : "")}");
        return new(link, await NewToken(sql, link.Id));
    }

    private async Task<MadeLink> Renew(Sql sql, SignUpLink link, TimeSpan validity, Actor actor, string? reference = null)
    {
        var now = clock.Now();
        // Whoever has begun with the older value begins again with the new one.
        await sql.Run("delete from signup_pending where link_id = @Id", new { link.Id });
        await sql.Run("update signup_tokens set ended_at = @now where link_id = @Id and ended_at is null", new { now, link.Id });
        await outbox.Cancel(sql, new(link.Kind, link.Id));
        var renewed = link with { ExpiresAt = now + (long)validity.TotalMilliseconds, OpenedAt = null, ScannedAt = null, AskedAgainAt = null };
        await sql.Run("update signup_links set expires_at = @ExpiresAt, opened_at = null, scanned_at = null, asked_again_at = null where id = @Id", new { renewed.ExpiresAt, link.Id });
        await audit.Write(sql, actor, $"sign_up.{link.Kind}_renewed", link.AuditTarget, after: $"until {DateTimeOffset.FromUnixTimeMilliseconds(renewed.ExpiresAt):yyyy-MM-dd HH:mm} UTC; the older link is dead", reference: reference);
        return new(renewed, await NewToken(sql, link.Id));
    }

    private async Task<string> NewToken(Sql sql, string id)
    {
        var value = Secrets.NewToken();
        await sql.Run("insert into signup_tokens (hash, link_id, created_at) values (@hash, @id, @now)", new { hash = Hash(value), id, now = clock.Now() });
        return configuration.Link("/join?t=" + value);
    }

    private async Task Mail(Sql sql, MadeLink made, string by)
    {
        var link = made.Link;
        var texts = Texts.In("en");
        var sender = await Sender.Of(settings);
        var days = Math.Max(1, (link.ExpiresAt - clock.Now() + 43_200_000) / 86_400_000);
        await Queue(sql, link, SignUpLetters.Invitation, SignUpLetters.Invite(texts, sender.Name, by.Contains('@') && !by.StartsWith("console:", StringComparison.Ordinal) ? by : texts["An administrator"], made.Url, days), texts, Hash(made.Url[(made.Url.IndexOf("?t=", StringComparison.Ordinal) + 3)..]));
    }

    internal async Task Queue(Sql sql, SignUpLink link, string kind, LetterBody body, Texts texts, string cause)
    {
        var written = await paper.Write(body, texts);
        await outbox.Queue(sql, new Letter
        {
            To = link.Email!,
            Subject = written.Subject,
            Text = written.Text,
            Html = written.Html,
            Kind = kind,
            Cause = $"{kind}:{cause}",
            About = new(link.Kind, link.Id),
            ExpiresAt = link.ExpiresAt,
        });
        await sql.Run("update signup_links set sent_at = @now where id = @Id", new { now = clock.Now(), link.Id });
    }
}
