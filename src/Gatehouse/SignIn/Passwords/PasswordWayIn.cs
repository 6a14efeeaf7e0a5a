using Gatehouse.Accounts;
using Gatehouse.Data;

namespace Gatehouse.SignIn.Passwords;

/// <summary>A password of one's own, or the directory's, while passwords are switched on.</summary>
internal sealed class PasswordWayIn(Settings settings) : IWayIn
{
    public string Name => "password";

    public async ValueTask<string?> Condition() =>
        (await PasswordSettings.Of(settings)).Enabled ? "u.source <> 'local' or exists (select 1 from passwords w where w.user_id = u.id)" : null;
}
