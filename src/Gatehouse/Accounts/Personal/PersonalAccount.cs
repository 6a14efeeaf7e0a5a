using Gatehouse.Data;

namespace Gatehouse.Accounts.Personal;

/// <summary>What this room keeps about a person.</summary>
internal static class PersonalAccount
{
    private const string AsLong = "As long as the account.";

    public static readonly PersonalData[] All =
    [
        new("profile", "Names, address, role, and when the account was made", AsLong, ["users"], """
            select id, user_name, email, email_verified as is_email_verified, display_name, given_name, family_name, source, role, created_at, updated_at, last_sign_in_at from users where id = @userId
            """, "delete from throttles where bucket like '%:' || @userId"),
        new("groups", "User groups you are in", AsLong, ["group_members"], """
            select g.name as name, m.added_at as joined_at from group_members m join groups g on g.id = m.group_id where m.user_id = @userId order by g.name_folded
            """),
        new("custom_claims", "Facts of its own that this instance keeps about you for applications", AsLong, ["user_claims"], "select name, value from user_claims where user_id = @userId order by name"),
        new("deletion_request", "Your wish to have the account deleted", "Until it is decided or taken back.", ["deletion_requests"],
            "select asked_at, declined_at, declined_because as reason from deletion_requests where user_id = @userId"),
    ];
}
