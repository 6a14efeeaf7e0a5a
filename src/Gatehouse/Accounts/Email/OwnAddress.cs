using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Accounts.Email;

/// <summary>Proving and changing the address of an account. A link proves only the address it was mailed to, and only while the account still has the address it was made for.</summary>
public sealed class OwnAddress(Database database, OneTimeTokens tokens, AuditLog audit, Outbox outbox, LetterPaper paper, Settings settings, Throttles throttles, ServerConfiguration configuration, TimeProvider clock)
{
    public static readonly TimeSpan Validity = TimeSpan.FromHours(24);
    public static readonly TimeSpan UndoFor = TimeSpan.FromDays(7);
    public const int PerDay = 5;

    private sealed record Verifying(string Address);
    private sealed record Changing(string Old, string New);

    /// <summary>Mails the present address a link that proves it; in the caller's transaction.</summary>
    public async Task SendProof(Sql sql, User user)
    {
        await tokens.End(sql, TokenType.VerifyEmail, user.Id, "a newer link was made");
        var value = await tokens.Issue(sql, TokenType.VerifyEmail, user.Id, new Verifying(user.Email), Validity);
        var texts = Texts.In("en");
        await Queue(sql, user, user.Email, EmailLetters.Verify, EmailLetters.ToVerify(texts, (await Sender.Of(settings)).Name, configuration.Link("/email/verify?t=" + value)), tokens.HashOf(TokenType.VerifyEmail, value), Validity);
    }

    /// <summary>The same, asked for by the user or an admin.</summary>
    public Task<Outcome<Done>> AskProof(string userId) => database.Write<Outcome<Done>>(async sql =>
    {
        if (await UserStore.Find(sql, userId) is not { IsActive: true } user) return new NoSuchUser(userId);
        if (user.EmailVerified) return Done.It;
        if (!await throttles.Reserve(sql, $"email:{user.Id}", PerDay, TimeSpan.FromDays(1))) return new EmailAskedTooOften(user.Ref, PerDay);
        await SendProof(sql, user);
        return Done.It;
    });

    /// <summary>Begins a change: the new address gets a link, the old one is told. The answer is the same when the address is somebody else's.</summary>
    public Task<Outcome<Done>> AskChange(string userId, string? typed, Actor actor) => database.Write<Outcome<Done>>(async sql =>
    {
        if (await UserStore.Find(sql, userId) is not { IsActive: true } user) return new NoSuchUser(userId);
        if (!AccountNames.Email(typed).Passed(out var address, out var refusal)) return refusal;
        if (user.Source != "local") return new EmailNotChanged(user.Ref, $"it comes from {user.Source}");
        if (UserStore.Fold(address) == UserStore.Fold(user.Email)) return new EmailNotChanged(user.Ref, "it is the present address");
        if (!await throttles.Reserve(sql, $"email:{user.Id}", PerDay, TimeSpan.FromDays(1))) return new EmailAskedTooOften(user.Ref, PerDay);
        var texts = Texts.In("en");
        var instance = (await Sender.Of(settings)).Name;
        await tokens.End(sql, TokenType.ChangeEmail, user.Id, "a newer change was asked for");
        if (await UserStore.FindByEmail(sql, address) is { } owner)
        {
            if (owner.IsActive) await Queue(sql, owner, owner.Email, EmailLetters.Wanted, EmailLetters.SomebodyWants(texts, instance), clock.NewId(), null);
            return new EmailWantedByOther(user.Ref, owner.Ref);
        }
        var value = await tokens.Issue(sql, TokenType.ChangeEmail, user.Id, new Changing(user.Email, address), Validity);
        await Queue(sql, user, address, EmailLetters.Prove, EmailLetters.ToProve(texts, instance, configuration.Link("/email/change?t=" + value)), tokens.HashOf(TokenType.ChangeEmail, value), Validity);
        var stop = await StopLink(sql, user, address);
        await Queue(sql, user, user.Email, EmailLetters.Asked, EmailLetters.ChangeAsked(texts, instance, address, stop.Url), stop.Cause, null);
        await audit.Write(sql, actor, "user.email_change_asked", user.AuditTarget, user.Email, address);
        return Done.It;
    });

    /// <summary>The address a link is about; looking uses nothing up.</summary>
    public Task<Outcome<string>> Look(string type, string value) => database.Read(async sql => await Judge(sql, await tokens.Look(sql, type, value)) switch
    {
        var judged when judged.Passed(out var found, out var refusal) => type == TokenType.VerifyEmail ? (Outcome<string>)found.Token.Read<Verifying>().Address : found.Token.Read<Changing>().New,
        var judged => judged.Refusal!,
    });

    /// <summary>The mailbox was read: the address is proved.</summary>
    public Task<Outcome<string>> Verify(string value, string from) => database.Write<Outcome<string>>(async sql =>
    {
        if (!(await Judge(sql, await tokens.Spend(sql, TokenType.VerifyEmail, value))).Passed(out var found, out var refusal)) return refusal;
        var address = found.Token.Read<Verifying>().Address;
        if (UserStore.Fold(address) != UserStore.Fold(found.User.Email)) return new EmailLinkDead("it was mailed to an address that is not the account's any more", found.User.Ref);
        await sql.Run("update users set email_verified = @yes, updated_at = @now, row_version = row_version + 1 where id = @Id", new { yes = true, now = clock.Now(), found.User.Id });
        await audit.Write(sql, new Actor(address, from), "user.email_verified", found.User.AuditTarget);
        return address;
    });

    /// <summary>The new mailbox was read: the account has this address now, proved.</summary>
    public async Task<Outcome<string>> Change(string value, string from)
    {
        try
        {
            return await database.Write(sql => Change(sql, value, from));
        }
        catch (Exception e) when (Database.IsUniqueViolation(e))
        {
            return new EmailLinkDead("another account took the address at the same moment", null);
        }
    }

    /// <summary>The old mailbox says no: an open change is ended; one that was made is taken back and every session ends.</summary>
    public Task<Outcome<string>> Stop(string value, string from) => database.Write<Outcome<string>>(async sql =>
    {
        if (!(await Judge(sql, await tokens.Spend(sql, TokenType.StopEmailChange, value))).Passed(out var found, out var refusal)) return refusal;
        var (user, what) = (found.User, found.Token.Read<Changing>());
        var actor = new Actor(what.Old, from);
        await tokens.End(sql, TokenType.ChangeEmail, user.Id, "stopped from the old address");
        if (UserStore.Fold(user.Email) == UserStore.Fold(what.New) && await UserStore.FindByEmail(sql, what.Old) is null) await Set(sql, user, what.Old);
        // Somebody else is or was in the account.
        await UserStore.RaiseEpoch(sql, user.Id);
        await audit.Write(sql, actor, "user.email_change_stopped", user.AuditTarget, what.New, what.Old);
        return what.Old;
    });

    /// <summary>Tells the old address of a change that an admin made, and asks the new one to prove itself; in the caller's transaction.</summary>
    internal async Task ChangedByAdmin(Sql sql, User before, User after)
    {
        var texts = Texts.In("en");
        await tokens.End(sql, TokenType.ChangeEmail, after.Id, "an admin changed the address");
        await Queue(sql, after, before.Email, EmailLetters.Changed, EmailLetters.ChangeDone(texts, (await Sender.Of(settings)).Name, after.Email, stop: null), clock.NewId(), null);
        await SendProof(sql, after);
    }

    private async Task<Outcome<string>> Change(Sql sql, string value, string from)
    {
        if (!(await Judge(sql, await tokens.Spend(sql, TokenType.ChangeEmail, value))).Passed(out var found, out var refusal)) return refusal;
        var (user, what) = (found.User, found.Token.Read<Changing>());
        if (UserStore.Fold(user.Email) != UserStore.Fold(what.Old)) return new EmailLinkDead("the account has got another address since", user.Ref);
        if (await UserStore.FindByEmail(sql, what.New) is { } owner) return new EmailLinkDead($"{owner.DisplayName} has the address by now", user.Ref);
        await Set(sql, user, what.New);
        var texts = Texts.In("en");
        var stop = await StopLink(sql, user, what.New);
        await Queue(sql, user, what.Old, EmailLetters.Changed, EmailLetters.ChangeDone(texts, (await Sender.Of(settings)).Name, what.New, stop.Url), stop.Cause, null);
        await audit.Write(sql, new Actor(what.Old, from), "user.email_changed", user.AuditTarget, what.Old, what.New);
        return what.New;
    }

    private Task Set(Sql sql, User user, string address) => sql.Run("""
        update users set email = @address, email_folded = @folded, email_verified = @yes, updated_at = @now, row_version = row_version + 1 where id = @Id
        """, new { address, folded = UserStore.Fold(address), yes = true, now = clock.Now(), user.Id });

    private async Task<(string Url, string Cause)> StopLink(Sql sql, User user, string address)
    {
        var value = await tokens.Issue(sql, TokenType.StopEmailChange, user.Id, new Changing(user.Email, address), UndoFor);
        return (configuration.Link("/email/stop?t=" + value), tokens.HashOf(TokenType.StopEmailChange, value));
    }

    private static async Task<Outcome<(User User, OneTimeToken Token)>> Judge(Sql sql, Spent spent)
    {
        if (spent.Stored is not { } stored || await UserStore.Find(sql, stored.Subject) is not { } user) return new EmailLinkDead("no such link was made", null);
        if (spent.Token is not { } token) return new EmailLinkDead(stored.EndedBecause ?? spent.Fault.ToString().ToLowerInvariant(), user.Ref);
        return user.IsActive ? (user, token) : new EmailLinkDead("the account is switched off", user.Ref);
    }

    private async Task Queue(Sql sql, User user, string to, string kind, LetterBody body, string cause, TimeSpan? validity)
    {
        var written = await paper.Write(body, Texts.In("en"));
        await outbox.Queue(sql, new Letter
        {
            To = to,
            Subject = written.Subject,
            Text = written.Text,
            Html = written.Html,
            Kind = kind,
            Cause = $"{kind}:{cause}",
            About = new("user", user.Id),
            UserId = user.Id,
            ExpiresAt = validity is { } span ? clock.Now() + (long)span.TotalMilliseconds : null,
        });
    }
}
