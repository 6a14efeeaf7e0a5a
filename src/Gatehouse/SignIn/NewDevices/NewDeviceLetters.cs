using Gatehouse.Mail.Templates;
using Gatehouse.Web;

namespace Gatehouse.SignIn.NewDevices;

internal static class NewDeviceLetters
{
    public const string Kind = "new_device", AdminKind = "not_me";

    public static readonly LetterTemplate[] All =
    [
        new(Kind, "Sign-in with a new browser", "To the owner of the account, after a sign-in with a browser that was never seen before.",
            (t, origin) => NewDevice(t, "Example", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "192.0.2.7", 1_767_225_600_000, $"{origin}/not-me?t=example")),
        new(AdminKind, "“This was not me”", "To the admins, when somebody presses that button.", (t, origin) => Reported(t, "ada@example.com", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "192.0.2.7", $"{origin}/admin/users/example")),
    ];

    public static LetterBody NewDevice(Texts t, string instance, string browser, string address, long at, string notMe) => new()
    {
        Subject = t["New sign-in to {0}", instance],
        Lead = [t["Somebody signed in to your account with a browser that we have not seen before. If that was you, there is nothing to do."]],
        Facts = [(t["Browser"], UserAgentName.InWords(t, browser)), (t["Address"], address), (t["When"], LoginLinks.LoginLinkLetters.At(at))],
        After = [t["If it was not you, press the next link and the button behind it. It signs out every browser and removes passkeys that were added since."]],
        Otherwise = new(t["This was not me"], notMe),
    };

    public static LetterBody Reported(Texts t, string user, string browser, string address, string url) => new()
    {
        Subject = t["{0} says: this was not me", user],
        Lead = [t["{0} did not know a sign-in to their account. Every session is ended, and passkeys added since are removed.", user]],
        Facts = [(t["Browser"], UserAgentName.InWords(t, browser)), (t["Address"], address)],
        Button = new(t["Open the user"], url),
    };
}
