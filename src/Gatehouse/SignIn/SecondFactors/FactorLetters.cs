using System.Globalization;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Mail.Templates;
using Gatehouse.SignIn.Passwords;
using Gatehouse.Web;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>The mails about second factors.</summary>
public sealed class FactorLetters(PasswordLetters letters, TimeProvider clock)
{
    private const string ChangedKind = "second_factor_changed", UsedKind = "backup_code_used", GuessingKind = "second_factor_guessing";

    internal static readonly LetterTemplate[] All =
    [
        new(ChangedKind, "Second factors changed", "To the owner, whenever a second factor is added, removed or reset, by whomever.",
            (t, _) => ChangedBody(t, "Ada Lovelace", "New backup codes were made for your account. The old ones do not work any more.")),
        new(UsedKind, "Backup code used", "To the owner, whenever a backup code let somebody in.", (t, _) => UsedBody(t, "Ada Lovelace", 9)),
        new(GuessingKind, "Codes are being guessed", "To the owner, when somebody who knows the password types wrong codes.", (t, _) => GuessingBody(t, "Ada Lovelace")),
    ];

    public Task Changed(Sql sql, User user, string says) => letters.Send(sql, user, ChangedKind, clock.NewId(), null, t => ChangedBody(t, user.DisplayName, says));

    public Task BackupCodeUsed(Sql sql, User user, int left) => letters.Send(sql, user, UsedKind, clock.NewId(), null, t => UsedBody(t, user.DisplayName, left));

    public Task TooManyCodes(Sql sql, User user, long freeAt) =>
        letters.Send(sql, user, GuessingKind, $"{user.Id}:{freeAt.ToString(CultureInfo.InvariantCulture)}", null, t => GuessingBody(t, user.DisplayName));

    private static LetterBody ChangedBody(Texts t, string name, string says) =>
        PasswordLetters.Note(t, name, "Your second factors were changed", t[says], "If you do not know why, tell your administrator at once.");

    private static LetterBody UsedBody(Texts t, string name, int left) => PasswordLetters.Note(t, name, "A backup code was used",
        t["A backup code of your account was used just now. {0} are left.", left],
        "If it was not you, somebody has your list and your password: change the password, make new codes, and tell your administrator at once.");

    private static LetterBody GuessingBody(Texts t, string name) => PasswordLetters.Note(t, name, "Somebody tries codes on your account",
        t["Somebody signed in to your account with the right password and then typed several wrong codes. Nobody got in. For a quarter of an hour no code is taken."],
        "If it was not you, your password is known to somebody: choose a new one at once.");
}
