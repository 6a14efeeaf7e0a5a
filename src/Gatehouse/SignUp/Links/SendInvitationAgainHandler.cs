using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.SignUp.Links;

/// <summary>The remedy "send a new link". It mails the stored address, so whoever brought the case about gains nothing by it.</summary>
internal sealed class SendInvitationAgainHandler(SignUpLinks links, TimeProvider clock) : IRemedyHandler<SendInvitationAgain>
{
    public async Task<RemedyOffer> Offer(Sql sql, SendInvitationAgain remedy, RemedyCase origin)
    {
        var form = remedy.Link.Path;
        if (await SignUpLinkStore.Find(sql, remedy.Link.Id) is not { } link) return new(false, false, "The invitation is gone.", [], "/admin/invitations");
        return link.State(clock.Now()) switch
        {
            LinkState.Used => new(false, false, "It was used meanwhile.", [], form),
            LinkState.Revoked => new(false, false, $"It was revoked by {link.RevokedBy}; invite the person anew.", [], "/admin/invite"),
            _ when link.Email is null => new(false, false, "It has no address to mail to.", [], form),
            _ => new(true, OneClick: true, "", [$"{link.Email} gets a mail with a new link.", "The older link stays dead."], form),
        };
    }

    public async Task<Outcome<string?>> Apply(Sql sql, SendInvitationAgain remedy, RemedyCase origin, Actor actor) =>
        (await links.Renew(sql, remedy.Link.Id, mail: true, actor, origin.Reference)).Passed(out _, out var refusal) ? "sent" : refusal;

    /// <summary>A mail cannot be called back; the link can be revoked on its page.</summary>
    public Task<bool> Undo(Sql sql, SendInvitationAgain remedy, string undo, Actor actor) => Task.FromResult(false);
}
