using Gatehouse.Data;

namespace Gatehouse.OpenIdConnect;

/// <summary>What this room keeps about a person.</summary>
internal static class PersonalOpenIdConnect
{
    public static readonly PersonalData[] All =
    [
        new("consents", "What you agreed to give to which application", "Until you take it back.", ["consents"], """
            select c.name as application, k.items as items, k.given_at as given_at, k.changed_at as changed_at from consents k join clients c on c.id = k.client_id where k.user_id = @userId order by k.given_at
            """),
        new("grants", "Sign-ins to applications: which, when, for what; not the tokens", "7 days after the last token of each is over.", ["grants"], """
            select c.name as application, g.scope as scope, g.created_at as signed_in_at, g.amr as methods, g.refresh_expires_at as refreshable_until_at, g.revoked_at as ended_at
            from grants g join clients c on c.id = g.client_id where g.user_id = @userId order by g.created_at desc
            """),
        new("logout_notices", "Messages to applications that you logged out", "Until they are delivered or given up, and a while for the administrator to see.", ["logout_notices"], """
            select c.name as application, n.state as state, n.created_at as made_at from logout_notices n join clients c on c.id = n.client_id where n.user_id = @userId order by n.created_at desc
            """, "delete from logout_notices where user_id = @userId"),
    ];
}
