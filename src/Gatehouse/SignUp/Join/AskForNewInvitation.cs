using Gatehouse.Accounts.Users;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Mail;
using Gatehouse.Mail.Templates;
using Gatehouse.Refusals;
using Gatehouse.SignUp.Links;
using Gatehouse.Web;

namespace Gatehouse.SignUp.Join;

/// <summary>Whoever has an expired invitation asks for a new one. Nothing is made: the admins are told, and the list shows it.</summary>
public sealed class AskForNewInvitation(Database database, SignUpLinks links, LetterPaper paper, Outbox outbox, ServerConfiguration configuration, TimeProvider clock)
{
    public Task<Outcome<Done>> Run(string token) => database.Write<Outcome<Done>>(async sql =>
    {
        var (link, replaced) = await SignUpLinkStore.FindByToken(sql, links.Hash(token));
        if (link is null) return new SignUpLinkUnknown(token.Length);
        if (replaced) return new SignUpLinkRevoked(SignUpLinks.Ref(link), link.CreatedBy, Replaced: true);
        var now = clock.Now();
        if (link.Kind == LinkKind.Link || link.State(now) != LinkState.Expired) return new SignUpLinkRevoked(SignUpLinks.Ref(link), link.RevokedBy ?? link.CreatedBy, Replaced: false);
        // Once per expiry, however often it is pressed.
        if (await sql.Run("update signup_links set asked_again_at = @now where id = @Id and asked_again_at is null", new { now, link.Id }) == 0) return Done.It;
        var texts = Texts.In("en");
        var written = await paper.Write(SignUpLetters.AskedAgain(texts, link.Name, configuration.Link($"/admin/invitations/{link.Id}")), texts);
        foreach (var admin in await UserStore.ActiveAdmins(sql))
            await outbox.Queue(sql, new Letter
            {
                To = admin.Email,
                Subject = written.Subject,
                Text = written.Text,
                Html = written.Html,
                Kind = SignUpLetters.Asked,
                Cause = $"{SignUpLetters.Asked}:{link.Id}:{link.ExpiresAt}:{admin.Id}",
                About = new(link.Kind, link.Id),
                UserId = admin.Id,
            });
        return Done.It;
    });
}
