using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.SignIn;

namespace Gatehouse.SignUp.Links;

/// <summary>Invitations that wait, for the sign-in page's admins.</summary>
internal sealed class InvitedPeople(TimeProvider clock) : IInvitedPeople
{
    public async Task<InvitedPerson?> Find(Sql sql, string email)
    {
        var link = await sql.One<SignUpLink>($"""
            select {SignUpLink.Columns} from signup_links l where l.email_folded = @folded and l.kind = 'invitation' and l.uses < l.max_uses order by l.created_at desc, l.id desc limit 1
            """, new { folded = UserStore.Fold(email) });
        return link is null ? null : new(link.Id, link.State(clock.Now()).ToString().ToLowerInvariant(), link.ExpiresAt, $"/admin/invitations/{link.Id}");
    }
}
