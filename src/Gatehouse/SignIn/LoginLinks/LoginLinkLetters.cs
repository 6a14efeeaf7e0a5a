using Gatehouse.Mail.Templates;
using Gatehouse.Web;

namespace Gatehouse.SignIn.LoginLinks;

/// <summary>What the letters about login links say.</summary>
internal static class LoginLinkLetters
{
    public const string LinkKind = "login_link", AdminKind = "login_link_admin";

    public static readonly LetterTemplate[] All =
    [
        new(LinkKind, "Login link", "Lets its reader in once: sent by an admin, or asked for on the sign-in page.",
            (t, origin) => Link(t, "Example", "Ada Lovelace", $"{origin}/link?t=example", LoginLinks.Validity, new("", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "192.0.2.7", 1_767_225_600_000))),
        new(AdminKind, "Login link for an admin", "To all admins, whenever a link is made that lets somebody in as an admin; that admin gets it too unless the link itself is mailed there.",
            (t, origin) => ForAdmin(t, "Example", "ada@example.com", "grace@example.com", $"{origin}/admin/users/example")),
    ];

    public static LetterBody Link(Texts t, string instance, string name, string url, TimeSpan validity, AskingDevice? asked) => new()
    {
        Subject = t["Sign in to {0}", instance],
        Lead = [t["Hello {0},", name], t["this link signs you in once. Then you register a passkey and need no link again."]],
        Button = new(t["Sign in"], url),
        Facts = asked is null ? [] : [(t["Asked for with"], UserAgentName.InWords(t, asked.UserAgent)), (t["From the address"], asked.Address), (t["At"], At(asked.At))],
        After =
        [
            Works(t, validity),
            asked is null ? t["If you do not know why you get this, ask your administrator before you open it."] : t["If you did not ask for it, do nothing: without the link nobody gets in."],
        ],
    };

    public static LetterBody ForAdmin(Texts t, string instance, string user, string by, string url) => new()
    {
        Subject = t["A login link for the admin {0}", user],
        Lead = [t["At {0}, a link was made that lets its reader in as the admin {1}. It was made by {2}.", instance, user, by]],
        Button = new(t["Open the user"], url),
        After = [t["If nobody told you about it, look at once: revoke the link on that page."]],
    };

    internal static string At(long at) => DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd HH:mm 'UTC'", System.Globalization.CultureInfo.InvariantCulture);

    private static string Works(Texts t, TimeSpan validity) =>
        validity.TotalMinutes < 120 ? t["It works for {0} minutes.", (long)validity.TotalMinutes]
        : validity.TotalHours < 48 ? t["It works for {0} hours.", (long)validity.TotalHours]
        : t["It works for {0} days.", (long)validity.TotalDays];
}
