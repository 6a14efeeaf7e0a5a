using Gatehouse.Data;

namespace Gatehouse.SignIn;

/// <summary>What this room keeps about a person.</summary>
internal static class PersonalSignIn
{
    private const string AsLong = "As long as the account, or until you remove it.";

    public static readonly PersonalData[] All =
    [
        new("passkeys", "Passkeys; only their public half is ever here, and that is not in the download", AsLong, ["passkeys"], """
            select name, aaguid as authenticator_model, backed_up as is_synced, created_at, last_used_at, removed_at from passkeys where user_id = @userId order by created_at
            """),
        new("hardware_keys", "Hardware keys as second factor; only their public half is ever here, and that is not in the download", AsLong, ["hardware_keys"],
            "select name, aaguid as authenticator_model, created_at, last_used_at, removed_at from hardware_keys where user_id = @userId order by created_at"),
        new("password", "When the password was set; the password itself is not kept, only what can check it", AsLong, ["passwords", "password_history"],
            "select set_at, must_change as is_to_be_changed, expires_at from passwords where user_id = @userId"),
        new("authenticator_app", "Authenticator app, without its secret", AsLong, ["authenticator_apps"], "select created_at, last_used_at from authenticator_apps where user_id = @userId"),
        new("backup_codes", "Backup codes: when made and used, not the codes", AsLong, ["backup_codes"], "select created_at, used_at from backup_codes where user_id = @userId order by created_at"),
        new("remembered_devices", "Devices that are not asked for a second factor", "Until the date of each.", ["remembered_devices"],
            "select user_agent as browser, created_at, expires_at from remembered_devices where user_id = @userId order by created_at"),
        new("factor_resets", "Resets of your second factors by an administrator, and requests for one", "Until new ones are set up.", ["factor_resets", "factor_reset_requests"], """
            select at as done_at, 'reset' as kind, method as identity_checked_by from factor_resets where user_id = @userId
            union all select at, 'requested', method from factor_reset_requests where user_id = @userId
            """),
        new("access_passes", "Passes for one sign-in that an administrator made for you, not the pass itself", "Until it is used or over.", ["access_passes"], "select created_at, expires_at, used_at from access_passes where user_id = @userId"),
        new("sessions", "Sessions: browser, address, times, and how you signed in", "7 days after they were ended or ran out.", ["sessions"], """
            select began_at, auth_time as proved_at, last_seen_at, expires_at, ended_at, kind, remembered as is_to_outlive_the_browser, new_browser as is_with_new_browser, address, user_agent as browser
            from sessions where user_id = @userId order by began_at desc
            """),
        new("known_browsers", "Browsers you have signed in with, so that you can be told of a new one", "As long as the account.", ["known_browsers", "password_lanes"],
            "select first_at as first_seen_at, last_at as last_seen_at from known_browsers where user_id = @userId order by first_at"),
        new("links", "Links that were made for you: for signing in, a new password, or your address; not the links themselves", "A day after they are over.", ["one_time_tokens"], """
            select type as kind, created_at, expires_at, used_at from one_time_tokens
            where subject = @userId and type in ('login_link', 'password_reset', 'not_me', 'verify_email', 'change_email', 'stop_email_change') order by created_at desc
            """, "delete from one_time_tokens where subject = @userId"),
        new("break_glass", "Break-glass credentials that you sealed; not the credentials", "For good, as the record of who could get in; when the account is removed, your address is taken out of it.", ["break_glass_credentials"],
            "select made_at, used_at, drilled_at as rehearsed_at, ended_at from break_glass_credentials where made_by = @email order by made_at", "update break_glass_credentials set made_by = @userId where made_by = @email"),
        new("pending_sign_ins", "Sign-ins that wait for a second factor", "10 minutes.", ["pending_sign_ins"], null),
    ];
}
