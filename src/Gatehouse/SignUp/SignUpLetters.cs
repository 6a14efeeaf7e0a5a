using Gatehouse.Mail.Templates;
using Gatehouse.Web;

namespace Gatehouse.SignUp;

/// <summary>What the letters of this room say. No text that a stranger typed stands in any of them.</summary>
internal static class SignUpLetters
{
    public const string Invitation = "invitation", Request = "sign_up", Known = "sign_up_known", Asked = "invitation_asked";

    public static readonly LetterTemplate[] All =
    [
        new(Invitation, "Invitation", "To an address that an admin invited.", (t, origin) => Invite(t, "Example", "Grace Hopper", $"{origin}/join?t=example", 7)),
        new(Request, "Sign-up", "To somebody who asked to sign up: proves the address.", (t, origin) => Confirm(t, "Example", $"{origin}/join?t=example", 24)),
        new(Known, "Sign-up with a known address", "To the owner of an account whose address somebody typed to sign up.", (t, origin) => AlreadyHere(t, "Example", $"{origin}/sign-in")),
        new(Asked, "New invitation asked for", "To the admins, when the holder of an expired invitation asks for a new one.", (t, origin) => AskedAgain(t, "ada@example.com", $"{origin}/admin/invitations/example")),
    ];

    public static LetterBody Invite(Texts t, string instance, string by, string url, long days) => new()
    {
        Subject = t["Your invitation to {0}", instance],
        Lead = [t["{0} invites you to {1}. You make an account with your name and a passkey: your fingerprint, face or PIN. There is no password to think up.", by, instance]],
        Button = new(t["Accept the invitation"], url),
        After = [t["The link works once, until {0} days from now. It is meant for you alone: please do not pass it on.", days], t["If you did not expect this, do nothing."]],
    };

    public static LetterBody Confirm(Texts t, string instance, string url, long hours) => new()
    {
        Subject = t["Finish signing up to {0}", instance],
        Lead = [t["Somebody, hopefully you, wants an account at {0} with this address.", instance]],
        Button = new(t["Go on"], url),
        After = [t["The link works once, for {0} hours.", hours], t["If it was not you, do nothing: no account is made."]],
    };

    public static LetterBody AlreadyHere(Texts t, string instance, string url) => new()
    {
        Subject = t["You have an account at {0} already", instance],
        Lead = [t["Somebody, perhaps you, wanted to sign up to {0} with this address. It has an account already, so nothing was made or changed.", instance]],
        Button = new(t["Sign in"], url),
        After = [t["If you cannot sign in, choose “I can't sign in” there. If it was not you, do nothing."]],
    };

    public static LetterBody AskedAgain(Texts t, string who, string url) => new()
    {
        Subject = t["{0} asks for a new invitation", who],
        Lead = [t["The invitation for {0} has expired, and whoever has it asks for a new one. The old link stays dead.", who]],
        Button = new(t["Open the invitation"], url),
    };
}
