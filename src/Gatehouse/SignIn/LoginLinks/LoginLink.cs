using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;
using Gatehouse.Web;

namespace Gatehouse.SignIn.LoginLinks;

/// <summary>Who asked for a link on the sign-in page, from where and when: shown to whoever opens it in another browser.</summary>
/// <param name="Browser">The asking browser's id.</param>
/// <param name="At">Unix milliseconds.</param>
public sealed record AskingDevice(string Browser, string UserAgent, string Address, long At);

/// <summary>What a login link holds besides its user.</summary>
/// <param name="SentTo">The address it was mailed to; when the account has another one by now, the link is dead. Null when it was handed over.</param>
/// <param name="Asked">Null when an admin or the console made it: then it works on any device.</param>
/// <param name="Onward">The part of a query that names where to go afterwards.</param>
public sealed record LoginLinkPayload(string IssuedBy, string? SentTo = null, AskingDevice? Asked = null, string Onward = "");

/// <summary>A link that is good, and whom it lets in.</summary>
public sealed record GoodLink(User User, LoginLinkPayload Payload, long ExpiresAt);

/// <summary>Where a used link leads.</summary>
public sealed record LinkUse(SignInStep Step, string Onward);

/// <summary>A link that lets one existing user in once.</summary>
public sealed class LoginLinks(Database database, OneTimeTokens tokens, AuditLog audit, SignInSteps steps, Outbox outbox, LetterPaper paper, Settings settings, ServerConfiguration configuration, TimeProvider clock)
{
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(15);
    public static readonly TimeSpan Longest = TimeSpan.FromDays(31);

    /// <summary>Makes one; a newer kills the older. The URL is shown once.</summary>
    public Task<string> Issue(Sql sql, User user, Actor actor) => Issue(sql, user, actor, Validity);

    public Task<string> Issue(Sql sql, User user, Actor actor, TimeSpan validity) => Make(sql, user, actor, validity, new(actor.Name), null);

    /// <summary>Makes one and mails it to the user's stored address, in the same transaction.</summary>
    /// <param name="reference">The case that led to it.</param>
    public Task Send(Sql sql, User user, Actor actor, TimeSpan validity, string? reference = null) => Mail(sql, user, actor, validity, new(actor.Name, user.Email), reference);

    internal Task Send(Sql sql, User user, AskingDevice asked, string onward) =>
        Mail(sql, user, new Actor("sign-in page", asked.Address), Validity, new("sign-in page", user.Email, asked, onward), null);

    /// <summary>Ends the live link of a user, and takes back its mail when that has not gone yet.</summary>
    public Task<int> Revoke(string userId, Actor actor) => database.Write(async sql =>
    {
        var ended = await tokens.End(sql, TokenType.LoginLink, userId, $"revoked by {actor.Name}");
        await outbox.Cancel(sql, AboutLink(userId));
        if (ended > 0 && await UserStore.Find(sql, userId) is { } user) await audit.Write(sql, actor, "login_link.revoked", new("user", user.Id, user.DisplayName));
        return ended;
    });

    /// <summary>When the live link of a user was made and ends; null when there is none.</summary>
    public Task<OneTimeToken?> LiveOf(string userId) => database.Read(sql => tokens.LiveOf(sql, TokenType.LoginLink, userId));

    /// <summary>Whose link it is, without using it: GET and HEAD consume nothing, so mail scanners do no harm.</summary>
    public Task<Outcome<GoodLink>> Look(string value) => database.Read(async sql => await Judge(sql, await tokens.Look(sql, TokenType.LoginLink, value), value));

    /// <summary>Spends it and opens an enrolment session, or asks for the second factor of whoever has one.</summary>
    public Task<Outcome<LinkUse>> Use(string value, Func<string, Task<ClientRef?>> clientOf, AccessGranted? present, Visit visit) => database.Write<Outcome<LinkUse>>(async sql =>
    {
        if (!(await Judge(sql, await tokens.Spend(sql, TokenType.LoginLink, value), value)).Passed(out var link, out var refusal)) return refusal;
        visit.UserId = link.User.Id;
        visit.Passed("login link is good");
        // The mailbox was read: that proves the address it was mailed to.
        if (link.Payload.SentTo is not null && !link.User.EmailVerified)
            await sql.Run("update users set email_verified = @yes where id = @Id", new { yes = true, link.User.Id });
        var client = await clientOf(link.Payload.Onward);
        return (await steps.First(sql, link.User, new Factor("link", clock.Now(), null, null), SessionKind.Enrolment, link.Payload.Onward, client, present, visit)).Passed(out var step, out refusal)
            ? new LinkUse(step, link.Payload.Onward)
            : refusal;
    });

    internal static About AboutLink(string userId) => new("login_link", userId);

    private async Task Mail(Sql sql, User user, Actor actor, TimeSpan validity, LoginLinkPayload payload, string? reference)
    {
        var url = await Make(sql, user, actor, validity, payload, reference);
        var texts = Texts.In("en");
        var sender = await Sender.Of(settings);
        var written = await paper.Write(LoginLinkLetters.Link(texts, sender.Name, user.DisplayName, url, validity, payload.Asked), texts);
        await outbox.Queue(sql, new Letter
        {
            To = user.Email,
            Subject = written.Subject,
            Text = written.Text,
            Html = written.Html,
            Kind = LoginLinkLetters.LinkKind,
            Cause = $"{LoginLinkLetters.LinkKind}:{tokens.HashOf(TokenType.LoginLink, url[(url.IndexOf("?t=", StringComparison.Ordinal) + 3)..])}",
            About = AboutLink(user.Id),
            UserId = user.Id,
            ExpiresAt = clock.Now() + (long)validity.TotalMilliseconds,
        });
    }

    private async Task<string> Make(Sql sql, User user, Actor actor, TimeSpan validity, LoginLinkPayload payload, string? reference)
    {
        if (validity <= TimeSpan.Zero || validity > Longest) throw new ArgumentOutOfRangeException(nameof(validity));
        await tokens.End(sql, TokenType.LoginLink, user.Id, "a newer link was made");
        await outbox.Cancel(sql, AboutLink(user.Id));
        var value = await tokens.Issue(sql, TokenType.LoginLink, user.Id, payload, validity, user.Epoch);
        await audit.Write(sql, actor, "login_link.made", new("user", user.Id, user.DisplayName),
            after: $"valid for {Span(validity)}{(payload.SentTo is null ? ", handed over" : $", mailed to {payload.SentTo}")}{(user.IsAdmin ? "; the user is an admin" : "")}", reference: reference);
        if (user.IsAdmin) await TellAdmins(sql, user, actor, tokens.HashOf(TokenType.LoginLink, value), mailed: payload.SentTo is not null);
        return configuration.Link("/link?t=" + value);
    }

    /// <summary>A way in as an admin is no secret among admins, and least of all to the one it lets somebody in as.</summary>
    /// <param name="mailed">True: the link itself goes to that admin's mailbox.</param>
    private async Task TellAdmins(Sql sql, User user, Actor actor, string cause, bool mailed)
    {
        var texts = Texts.In("en");
        var written = await paper.Write(LoginLinkLetters.ForAdmin(texts, (await Sender.Of(settings)).Name, user.Email, actor.Name, configuration.Link($"/admin/users/{user.Id}")), texts);
        foreach (var admin in (await UserStore.ActiveAdmins(sql)).Where(a => a.Id != user.Id || !mailed))
            await outbox.Queue(sql, new Letter
            {
                To = admin.Email,
                Subject = written.Subject,
                Text = written.Text,
                Html = written.Html,
                Kind = LoginLinkLetters.AdminKind,
                Cause = $"{LoginLinkLetters.AdminKind}:{cause}:{admin.Id}",
                About = new("user", user.Id),
                UserId = admin.Id,
            });
    }

    private static string Span(TimeSpan validity) => validity.TotalHours < 2 ? $"{validity.TotalMinutes:0} minutes" : validity.TotalDays < 2 ? $"{validity.TotalHours:0} hours" : $"{validity.TotalDays:0} days";

    private async Task<Outcome<GoodLink>> Judge(Sql sql, Spent spent, string value)
    {
        if (spent.Stored is not { } stored || await UserStore.Find(sql, stored.Subject) is not { } user) return new LinkUnknown(value.Length);
        if (spent.Token is { } token)
        {
            var payload = token.Read<LoginLinkPayload>();
            if (token.Epoch != user.Epoch) return new LinkEnded(user.Ref, "the account was changed since");
            return payload.SentTo is { } address && UserStore.Fold(address) != UserStore.Fold(user.Email)
                ? new LinkEnded(user.Ref, "it was mailed to an address that is not the account's any more")
                : new GoodLink(user, payload, token.ExpiresAt);
        }
        return spent.Fault switch
        {
            TokenFault.Used => new LinkUsed(user.Ref, stored.UsedAt ?? clock.Now()),
            TokenFault.Expired => new LinkExpired(user.Ref, stored.ExpiresAt, (clock.Now() - stored.ExpiresAt) / 1000),
            TokenFault.Ended when stored.EndedBecause?.StartsWith("revoked", StringComparison.Ordinal) == true => new LinkRevoked(user.Ref, stored.EndedBecause),
            TokenFault.Ended => new LinkEnded(user.Ref, stored.EndedBecause ?? "ended"),
            _ => new LinkUnknown(value.Length),
        };
    }
}
