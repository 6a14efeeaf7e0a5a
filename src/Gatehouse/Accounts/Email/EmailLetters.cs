using Gatehouse.Mail.Templates;
using Gatehouse.Web;

namespace Gatehouse.Accounts.Email;

/// <summary>What the letters about an account's own address say.</summary>
internal static class EmailLetters
{
    public const string Verify = "verify_email", Prove = "prove_email", Asked = "email_change_asked", Changed = "email_changed", Wanted = "email_wanted";

    public static readonly LetterTemplate[] All =
    [
        new(Verify, "Confirm the address", "To an address that nobody has proved yet.", (t, origin) => ToVerify(t, "Example", $"{origin}/email/verify?t=example")),
        new(Prove, "New address: confirm", "To the new address, when somebody changes theirs.", (t, origin) => ToProve(t, "Example", $"{origin}/email/change?t=example")),
        new(Asked, "New address: the old one is told", "To the old address, when a change is asked for.", (t, origin) => ChangeAsked(t, "Example", "new@example.com", $"{origin}/email/stop?t=example")),
        new(Changed, "Address changed", "To the old address, once it is changed.", (t, origin) => ChangeDone(t, "Example", "new@example.com", $"{origin}/email/stop?t=example")),
        new(Wanted, "Somebody wants your address", "To the owner of an address that another account tried to take.", (t, origin) => SomebodyWants(t, "Example")),
    ];

    public static LetterBody ToVerify(Texts t, string instance, string url) => new()
    {
        Subject = t["Confirm your address for {0}", instance],
        Lead = [t["Please confirm that this address is yours."]],
        Button = new(t["Confirm the address"], url),
        After = [t["The link works for 24 hours. If you have no account at {0}, do nothing.", instance]],
    };

    public static LetterBody ToProve(Texts t, string instance, string url) => new()
    {
        Subject = t["Your new address at {0}", instance],
        Lead = [t["Somebody, hopefully you, wants to use this address for their account at {0}.", instance]],
        Button = new(t["Use this address"], url),
        After = [t["The link works for 24 hours. If it was not you, do nothing: nothing changes."]],
    };

    public static LetterBody ChangeAsked(Texts t, string instance, string address, string stop) => new()
    {
        Subject = t["Your address at {0} is about to change", instance],
        Lead = [t["Somebody who is signed in to your account wants to change its address to {0}. It changes once the link that went there is used.", address]],
        After = [t["If that was you, there is nothing to do here."]],
        Otherwise = new(t["This was not me: stop the change"], stop),
    };

    public static LetterBody ChangeDone(Texts t, string instance, string address, string? stop) => new()
    {
        Subject = t["Your address at {0} has changed", instance],
        Lead = [t["The address of your account is {0} now. Mails go there from now on.", address]],
        After = [stop is null ? t["If you do not know why, tell your administrator at once."] : t["If that was you, there is nothing to do here. For seven days you can put the old address back."]],
        Otherwise = stop is null ? null : new(t["This was not me: put it back and sign out everywhere"], stop),
    };

    public static LetterBody SomebodyWants(Texts t, string instance) => new()
    {
        Subject = t["Somebody tried to use your address at {0}", instance],
        Lead = [t["Somebody with another account at {0} wanted to change their address to this one. It is yours, so nothing was changed.", instance]],
        After = [t["If that was you with a second account, sign in with this one, or ask your administrator."]],
    };
}
