using Gatehouse.Accounts;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;

namespace Gatehouse.SignIn.LoginLinks;

/// <summary>The remedy "send a login link". It goes to the stored address, so whoever brought the case about gains nothing by it.</summary>
internal sealed class SendLoginLinkHandler(LoginLinks links) : IRemedyHandler<SendLoginLink>
{
    public async Task<RemedyOffer> Offer(Sql sql, SendLoginLink remedy, RemedyCase origin)
    {
        var form = $"/admin/users/{remedy.User.Id}";
        if (await UserStore.Find(sql, remedy.User.Id) is not { } user) return new(false, false, "The user is gone.", [], "/admin/users");
        if (!user.IsActive) return new(false, false, $"{user.DisplayName} is {(user.DeletedAt is null ? "disabled" : "deleted")}: a link would not let them in.", [], form);
        return new(true, OneClick: true, "", [$"{user.Email} gets a mail with a link that lets {user.DisplayName} in once, within 15 minutes.", "Any older login link of this user is dead."], form);
    }

    public async Task<Outcome<string?>> Apply(Sql sql, SendLoginLink remedy, RemedyCase origin, Actor actor)
    {
        if (await UserStore.Find(sql, remedy.User.Id) is not { IsActive: true } user) return new NoSuchUser(remedy.User.Id);
        await links.Send(sql, user, actor, LoginLinks.Validity, origin.Reference);
        return "sent";
    }

    /// <summary>A mail cannot be called back; the link can be revoked on the user's page.</summary>
    public Task<bool> Undo(Sql sql, SendLoginLink remedy, string undo, Actor actor) => Task.FromResult(false);
}
