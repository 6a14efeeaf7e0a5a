using Gatehouse.Accounts.Users;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;

namespace Gatehouse.SignIn.NewDevices;

/// <summary>What the link "this was not me" ends.</summary>
/// <param name="Session">Public id of the session that the letter told of.</param>
/// <param name="BeganAt">Unix milliseconds; passkeys registered since then go too.</param>
public sealed record NotMePayload(string Session, long BeganAt, string UserAgent, string Address);

/// <summary>Remembers with which browsers a user signed in, and tells the user of a new one.</summary>
public sealed class KnownBrowsers(OneTimeTokens tokens, Outbox outbox, LetterPaper paper, Settings settings, ServerConfiguration configuration, TimeProvider clock)
{
    /// <summary>How long the letter's link works.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromDays(7);

    /// <summary>Called in the write that opens a session. The very first browser of an account is no news.</summary>
    /// <returns>True when it is one more browser than the user had.</returns>
    public async Task<bool> Note(Sql sql, User user, Session session, Visit visit)
    {
        if (visit.BrowserId.Length == 0) return false;
        var now = clock.Now();
        var args = new { userId = user.Id, browser = visit.BrowserId, now };
        if (await sql.Run("update known_browsers set last_at = @now where user_id = @userId and browser = @browser", args) > 0) return false;
        var isFirst = await sql.One<long>("select count(*) from known_browsers where user_id = @userId", args) == 0;
        if (await sql.Run("insert into known_browsers (user_id, browser, first_at, last_at) values (@userId, @browser, @now, @now) on conflict (user_id, browser) do nothing", args) == 0 || isFirst) return false;

        var value = await tokens.Issue(sql, TokenType.NotMe, user.Id, new NotMePayload(session.PublicId, session.BeganAt, session.UserAgent, session.Address), Validity);
        var texts = Texts.In("en");
        var body = NewDeviceLetters.NewDevice(texts, (await Sender.Of(settings)).Name, session.UserAgent, session.Address, session.BeganAt, configuration.Link("/not-me?t=" + value));
        var written = await paper.Write(body, texts);
        await outbox.Queue(sql, new Letter
        {
            To = user.Email,
            Subject = written.Subject,
            Text = written.Text,
            Html = written.Html,
            Kind = NewDeviceLetters.Kind,
            Cause = $"{NewDeviceLetters.Kind}:{session.PublicId}",
            About = new("user", user.Id),
            UserId = user.Id,
        });
        return true;
    }
}
