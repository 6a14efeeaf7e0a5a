using Gatehouse.Accounts.Users;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Passwords;

/// <summary>The mails about passwords, and the form that those about second factors share.</summary>
public sealed class PasswordLetters(Outbox outbox, LetterPaper paper, ServerConfiguration configuration, TimeProvider clock)
{
    private const string ChangedKind = "password_changed", ResetKind = "password_reset", NotHereKind = "password_not_here", GuessingKind = "password_guessing";
    private const string IfNot = "If you do not know why, tell your administrator at once.";

    internal static readonly LetterTemplate[] All =
    [
        new(ChangedKind, "Password changed", "To the owner, whoever changed, set or removed the password.", (t, _) => ChangedBody(t, "Ada Lovelace", "self")),
        new(ResetKind, "New password", "To whoever asks for a new password and may have one.", (t, origin) => ResetBody(t, "Ada Lovelace", $"{origin}/reset?t=example")),
        new(NotHereKind, "No password here", "To whoever asks for a new password where none is kept here.", (t, origin) => NotHereBody(t, "Ada Lovelace", local: true, $"{origin}/sign-in")),
        new(GuessingKind, "Passwords are being guessed", "To the owner of an account on which strangers try passwords.", (t, _) => GuessingBody(t, "Ada Lovelace")),
    ];

    /// <summary>To the owner, whoever changed it.</summary>
    public Task Changed(Sql sql, User user, string by) => Send(sql, user, ChangedKind, clock.NewId(), null, t => ChangedBody(t, user.DisplayName, by));

    /// <summary>The way to a new password.</summary>
    public Task Reset(Sql sql, User user, string token, string cause, long expiresAt) =>
        Send(sql, user, ResetKind, cause, expiresAt, t => ResetBody(t, user.DisplayName, configuration.Link("/reset?t=" + token)));

    /// <summary>To somebody whose account has no password here: where they sign in instead (C015).</summary>
    public Task NoPasswordHere(Sql sql, User user, string cause) =>
        Send(sql, user, NotHereKind, cause, null, t => NotHereBody(t, user.DisplayName, user.Source == "local", configuration.Link("/sign-in")));

    /// <summary>Strangers try passwords on the account (P06).</summary>
    public Task UnderAttack(Sql sql, User user, string cause) => Send(sql, user, GuessingKind, cause, null, t => GuessingBody(t, user.DisplayName));

    /// <summary>Queues one letter to a user about the own account, on the common paper.</summary>
    internal async Task Send(Sql sql, User user, string kind, string cause, long? expiresAt, Func<Texts, LetterBody> body)
    {
        var texts = Texts.In("en");
        var written = await paper.Write(body(texts), texts);
        await outbox.Queue(sql, new Letter
        {
            To = user.Email,
            Subject = written.Subject,
            Text = written.Text,
            Html = written.Html,
            Kind = kind,
            Cause = $"{kind}:{cause}",
            About = new About("user", user.Id),
            UserId = user.Id,
            ExpiresAt = expiresAt,
        });
    }

    /// <summary>A greeting, what happened, what to do.</summary>
    internal static LetterBody Note(Texts t, string name, string subject, string says, string then) =>
        new() { Subject = t[subject], Lead = [t["Hello {0},", name], says], After = [t[then]] };

    private static LetterBody ChangedBody(Texts t, string name, string by) => Note(t, name, by == "removed" ? "Your password was removed" : "Your password was changed",
        t[by switch
        {
            "removed" => "The password of your account was removed. You sign in with a passkey from now on.",
            "admin" or "console" => "An administrator has set a temporary password for your account. It works once; then you choose your own.",
            _ => "The password of your account was changed, and all other browsers and applications were signed out.",
        }], IfNot);

    private static LetterBody ResetBody(Texts t, string name, string url) =>
        Note(t, name, "Set a new password", t["Somebody, most likely you, asked for a new password. This link lets you choose one. It works once, for 30 minutes."],
            "If it was not you, do nothing: without the link nothing changes.") with
        { Button = new(t["Choose a new password"], url) };

    private static LetterBody NotHereBody(Texts t, string name, bool local, string url) => Note(t, name, "About your password",
        local
            ? t["Somebody, most likely you, asked for a new password. Your account signs in with a passkey and has no password here. If you lost the passkey, ask your administrator for a login link."]
            : t["Somebody, most likely you, asked for a new password. Your password is kept by your organisation's directory, and only there it can be changed."],
        "If it was not you, do nothing.") with
    { Button = new(t["Sign in"], url) };

    private static LetterBody GuessingBody(Texts t, string name) => Note(t, name, "Somebody tries passwords on your account",
        t["Several wrong passwords were typed for your account from browsers that you have never used. Nobody got in, and you are not locked out: your passkeys and the browsers you have signed in with before still work."],
        "If your password is used elsewhere too, choose a new one.");
}
