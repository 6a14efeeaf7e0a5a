using Gatehouse.Accounts;

namespace Gatehouse.SignIn.Passkeys;

internal sealed class PasskeyWayIn : IWayIn
{
    public const string Passkey = "passkey";
    public string Name => Passkey;

    public ValueTask<string?> Condition() => new("exists (select 1 from passkeys w where w.user_id = u.id and w.removed_at is null)");
}
