using System.Globalization;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.SignIn.Passwords;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>The mails about second factors.</summary>
public sealed class FactorLetters(PasswordLetters letters, TimeProvider clock)
{
    private const string IfNot = "If you do not know why, tell your administrator at once.";

    public Task Changed(Sql sql, User user, string says) => letters.Send(sql, user, "second_factor_changed", clock.NewId(), null, "Your second factors were changed", says, IfNot, null);

    public Task BackupCodeUsed(Sql sql, User user, int left) => letters.Send(sql, user, "backup_code_used", clock.NewId(), null, "A backup code was used",
        $"A backup code of your account was used just now. {left.ToString(CultureInfo.InvariantCulture)} are left.",
        "If it was not you, somebody has your list and your password: change the password, make new codes, and tell your administrator at once.", null);

    public Task TooManyCodes(Sql sql, User user, long freeAt) => letters.Send(sql, user, "second_factor_guessing", $"{user.Id}:{freeAt.ToString(CultureInfo.InvariantCulture)}", null, "Somebody tries codes on your account",
        "Somebody signed in to your account with the right password and then typed several wrong codes. Nobody got in. For a quarter of an hour no code is taken.",
        "If it was not you, your password is known to somebody: choose a new one at once.", null);
}
