using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.Mail;

/// <summary>Keeps changed settings; what waits for a mail server is tried at once.</summary>
public sealed class SaveMailSettings(MailSettingsStore store, Database database, Outbox outbox, AuditLog audit, TimeProvider clock)
{
    /// <param name="version">Of the settings that the form was made from.</param>
    public Task<Outcome<MailSettings>> Run(MailSettings changed, long version, Actor actor) => database.Write<Outcome<MailSettings>>(async sql =>
    {
        // One save after the other, the first ever included, so that the second sees the first.
        await sql.LockAll();
        var before = await MailSettingsStore.Read(sql);
        if (before.Version != version) return new SettingsMoved();
        var after = changed with { Version = version };
        await store.Write(sql, after);
        await audit.Write(sql, actor, "settings.mail_changed", new("setting", "mail", "E-mail"), Describe(before), Describe(after));
        await sql.Run("update mails set next_attempt_at = @now where state = 'deferred'", new { now = clock.Now() });
        sql.AfterCommit(outbox.Wake);
        return after with { Version = version + 1 };
    });

    /// <summary>For people; the password only as set or not.</summary>
    internal static string Describe(MailSettings s) => !s.IsSet ? "not set up"
        : $"{s.Server} {s.Security}, user {(s.User.Length == 0 ? "none" : s.User)}, password {(s.PasswordSeal is null ? "none" : "set")}, from {s.From} ({s.FromName}), authority {(s.Authorities.Length == 0 ? "of the system" : "private")}, "
            + $"DKIM {(s.DkimSeal is null ? "off" : $"{s.DkimAlgorithm} {s.DkimSelector}")}, bounce reports {(s.BounceHash is null ? "off" : "on")}, block lists {(s.BlockLists.Count == 0 ? "none" : string.Join(" ", s.BlockLists))}";
}
