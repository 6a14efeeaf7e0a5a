using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.Refusals;
using Gatehouse.SignIn.HardwareKeys;
using Gatehouse.SignIn.LoginLinks;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.Web;

namespace Gatehouse.SignIn.NewDevices;

/// <summary>"This was not me": one press ends every session, grant and login link of the account, and puts away passkeys that were registered since the sign-in.</summary>
public sealed class ReportNotMe(Database database, OneTimeTokens tokens, AuthenticatorApps apps, BackupCodes codes, AuditLog audit, Outbox outbox, LetterPaper paper, ServerConfiguration configuration,
    TimeProvider clock)
{
    /// <summary>What the link is about. Looking does nothing.</summary>
    public Task<Outcome<(User User, NotMePayload What)>> Look(string value) => database.Read(async sql => await Judge(sql, await tokens.Look(sql, TokenType.NotMe, value), value));

    public Task<Outcome<long>> Report(string value, Visit visit) => database.Write<Outcome<long>>(async sql =>
    {
        if (!(await Judge(sql, await tokens.Spend(sql, TokenType.NotMe, value), value)).Passed(out var found, out var refusal)) return refusal;
        var (user, what) = found;
        var actor = new Actor(user.Email, visit.Address.ToString());
        await UserStore.RaiseEpoch(sql, user.Id);
        await tokens.End(sql, TokenType.LoginLink, user.Id, "the owner reported a sign-in that was not theirs");
        // Whoever was in may have left a key behind. The owner can bring it back for a week, like any removed one.
        var removed = 0L;
        foreach (var passkey in await PasskeyStore.Of(sql, user.Id))
            if (passkey.RemovedAt is null && passkey.CreatedAt >= what.BeganAt && await PasskeyStore.Remove(sql, user.Id, passkey.Id, clock.Now())) removed++;
        var factors = await NewerFactors(sql, user, what.BeganAt);
        await sql.Run("delete from known_browsers where user_id = @Id and first_at >= @BeganAt", new { user.Id, what.BeganAt });
        await audit.Write(sql, actor, "session.reported_not_me", user.AuditTarget, after: $"all sessions ended, {removed} passkeys removed{factors}; the sign-in came from {what.Address}");
        var texts = Texts.In("en");
        var written = await paper.Write(NewDeviceLetters.Reported(texts, user.Email, what.UserAgent, what.Address, configuration.Link($"/admin/users/{user.Id}")), texts);
        foreach (var admin in await UserStore.ActiveAdmins(sql))
            await outbox.Queue(sql, new Letter
            {
                To = admin.Email,
                Subject = written.Subject,
                Text = written.Text,
                Html = written.Html,
                Kind = NewDeviceLetters.AdminKind,
                Cause = $"{NewDeviceLetters.AdminKind}:{what.Session}:{admin.Id}",
                About = new("user", user.Id),
                UserId = admin.Id,
            });
        return removed;
    });

    /// <summary>
    /// Second factors registered since go where an older one stays. Where there is none they stay: an account without any would be open to whoever reads the mail and knows the password,
    /// and an admin, who hears of the report, resets them after a check.
    /// </summary>
    /// <returns>What was done, for the audit log.</returns>
    private async Task<string> NewerFactors(Sql sql, User user, long since)
    {
        await KeepFactors.Hold(sql, user.Id);
        var app = await apps.Of(sql, user.Id);
        var keys = (await HardwareKeyStore.Of(sql, user.Id)).Where(k => k.RemovedAt is null).ToArray();
        var newer = keys.Where(k => k.CreatedAt >= since).ToArray();
        if (newer.Length == 0 && !(app?.CreatedAt >= since)) return "";
        if (newer.Length == keys.Length && !(app?.CreatedAt < since)) return ", second factors registered since were left: reset them after a check";
        foreach (var key in newer) await HardwareKeyStore.Remove(sql, user.Id, key.Id, clock.Now());
        var withApp = app?.CreatedAt >= since && await apps.Remove(sql, user.Id);
        // Whoever was in has seen codes that were made meanwhile.
        var withCodes = await codes.Left(sql, user.Id) is { } left && left.CreatedAt >= since && await codes.Remove(sql, user.Id) > 0;
        return $", {newer.Length} hardware keys{(withApp ? ", the authenticator app" : "")}{(withCodes ? ", the backup codes" : "")} removed";
    }

    private async Task<Outcome<(User, NotMePayload)>> Judge(Sql sql, Spent spent, string value)
    {
        if (spent.Stored is not { } stored || await UserStore.Find(sql, stored.Subject) is not { } user) return new LinkUnknown(value.Length);
        if (spent.Token is { } token) return (user, token.Read<NotMePayload>());
        return spent.Fault switch
        {
            TokenFault.Used => new LinkUsed(user.Ref, stored.UsedAt ?? clock.Now()),
            TokenFault.Expired => new LinkExpired(user.Ref, stored.ExpiresAt, (clock.Now() - stored.ExpiresAt) / 1000),
            _ => new LinkEnded(user.Ref, stored.EndedBecause ?? "ended"),
        };
    }
}
