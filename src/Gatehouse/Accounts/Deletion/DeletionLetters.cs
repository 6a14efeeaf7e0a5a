using System.Globalization;
using Gatehouse.Mail.Templates;
using Gatehouse.Web;

namespace Gatehouse.Accounts.Deletion;

/// <summary>What the letters about the deletion of an account say.</summary>
internal static class DeletionLetters
{
    public const string Asked = "deletion_asked", ToAdmin = "deletion_wanted", TakenBack = "deletion_taken_back", Declined = "deletion_declined", Approved = "deletion_approved";

    public static readonly LetterTemplate[] All =
    [
        new(Asked, "Deletion asked for", "To the person who asks for their account to be deleted.", (t, origin) => AskedFor(t, "Example", $"{origin}/account/delete")),
        new(ToAdmin, "Somebody asks for deletion", "To every admin.", (t, origin) => Wanted(t, "Example", "ada@example.com", $"{origin}/admin/users/example")),
        new(TakenBack, "Deletion taken back", "To every admin.", (t, _) => NotWanted(t, "Example", "ada@example.com")),
        new(Declined, "Deletion declined", "To the person who asked.", (t, origin) => No(t, "Example", t["You are still the treasurer."], $"{origin}/account/delete")),
        new(Approved, "Account deleted", "To the person who asked.", (t, _) => Yes(t, "Example", 1_767_225_600_000)),
    ];

    public static LetterBody AskedFor(Texts t, string instance, string url) => new()
    {
        Subject = t["You asked for your account at {0} to be deleted", instance],
        Lead = [t["Your administrator has been told and decides. Until then nothing changes, and you can take it back."]],
        Button = new(t["Look or take it back"], url),
        After = [t["If it was not you, take it back at once and sign out everywhere: somebody is in your account."]],
    };

    public static LetterBody Wanted(Texts t, string instance, string user, string url) => new()
    {
        Subject = t["{0} asks for their account to be deleted", user],
        Lead = [t["At {0}, {1} asks for their account to be deleted. Approve or decline it on their page.", instance, user]],
        Button = new(t["Open the user"], url),
    };

    public static LetterBody NotWanted(Texts t, string instance, string user) => new()
    {
        Subject = t["{0} keeps their account", user],
        Lead = [t["At {0}, {1} has taken back the wish to have their account deleted. There is nothing to do.", instance, user]],
    };

    public static LetterBody No(Texts t, string instance, string because, string url) => new()
    {
        Subject = t["Your account at {0} was not deleted", instance],
        Lead = [t["Your administrator declined to delete your account, for this reason:"], because],
        Button = new(t["Open the page"], url),
    };

    public static LetterBody Yes(Texts t, string instance, long until) => new()
    {
        Subject = t["Your account at {0} is deleted", instance],
        Lead =
        [
            t["As you asked, your account is switched off now. All sessions, links and access of applications have ended."],
            t["It is removed for good on {0}. Until then your administrator can bring it back.", DateTimeOffset.FromUnixTimeMilliseconds(until).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)],
        ],
    };
}
