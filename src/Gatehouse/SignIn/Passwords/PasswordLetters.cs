using System.Net;
using Gatehouse.Accounts.Users;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;

namespace Gatehouse.SignIn.Passwords;

/// <summary>The mails about passwords.</summary>
public sealed class PasswordLetters(Outbox outbox, ServerConfiguration configuration, TimeProvider clock)
{
    /// <summary>To the owner, whoever changed it.</summary>
    public Task Changed(Sql sql, User user, string by) => Send(sql, user, "password_changed", clock.NewId(), null,
        by == "removed" ? "Your password was removed" : "Your password was changed",
        by switch
        {
            "removed" => "The password of your account was removed. You sign in with a passkey from now on.",
            "admin" or "console" => "An administrator has set a temporary password for your account. It works once; then you choose your own.",
            _ => "The password of your account was changed, and all other browsers and applications were signed out.",
        },
        "If you do not know why, tell your administrator at once.", null);

    /// <summary>The way to a new password.</summary>
    public Task Reset(Sql sql, User user, string token, string cause, long expiresAt) => Send(sql, user, "password_reset", cause, expiresAt, "Set a new password",
        "Somebody, most likely you, asked for a new password. This link lets you choose one. It works once, for 30 minutes.",
        "If it was not you, do nothing: without the link nothing changes.", configuration.Link("/reset?t=" + token));

    /// <summary>To somebody whose account has no password here: where they sign in instead (C015).</summary>
    public Task NoPasswordHere(Sql sql, User user, string cause) => Send(sql, user, "password_not_here", cause, null, "About your password",
        user.Source == "local"
            ? "Somebody, most likely you, asked for a new password. Your account signs in with a passkey and has no password here. If you lost the passkey, ask your administrator for a login link."
            : "Somebody, most likely you, asked for a new password. Your password is kept by your organisation's directory, and only there it can be changed.",
        "You can sign in at the address below.", configuration.Link("/sign-in"));

    /// <summary>Strangers try passwords on the account (P06).</summary>
    public Task UnderAttack(Sql sql, User user, string cause) => Send(sql, user, "password_guessing", cause, null, "Somebody tries passwords on your account",
        "Several wrong passwords were typed for your account from browsers that you have never used. Nobody got in, and you are not locked out: your passkeys and the browsers you have signed in with before still work.",
        "If your password is used elsewhere too, choose a new one.", null);

    /// <summary>One letter of this form: a greeting, what happened, a link or none, what to do.</summary>
    internal async Task Send(Sql sql, User user, string kind, string cause, long? expiresAt, string subject, string says, string then, string? link)
    {
        var host = configuration.AppUrl.Authority;
        var hello = $"Hello {user.DisplayName},";
        static string E(string text) => WebUtility.HtmlEncode(text);
        await outbox.Queue(sql, new Letter
        {
            To = user.Email,
            Subject = $"{subject} ({host})",
            Text = $"{hello}\n\n{says}\n\n{(link is null ? "" : link + "\n\n")}{then}\n\n{host}\n",
            Html = $"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{E(subject)}</title></head><body><p>{E(hello)}</p><p>{E(says)}</p>"
                + $"{(link is null ? "" : $"<p><a href=\"{E(link)}\">{E(link)}</a></p>")}<p>{E(then)}</p><p>{E(host)}</p></body></html>",
            Kind = kind,
            Cause = $"{kind}:{cause}",
            About = new About("user", user.Id),
            UserId = user.Id,
            ExpiresAt = expiresAt,
        });
    }
}
