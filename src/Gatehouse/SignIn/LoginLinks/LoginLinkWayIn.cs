using Gatehouse.Accounts;
using Gatehouse.Data;

namespace Gatehouse.SignIn.LoginLinks;

/// <summary>A link that one can ask for, to an address that was proved.</summary>
internal sealed class LoginLinkWayIn(Settings settings) : IWayIn
{
    public string Name => "login link by mail";

    public async ValueTask<string?> Condition() => (await LoginLinkSettings.Of(settings)).SelfService ? "u.email_verified" : null;
}
