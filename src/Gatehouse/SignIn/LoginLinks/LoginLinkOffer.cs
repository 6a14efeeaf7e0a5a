using Gatehouse.Data;

namespace Gatehouse.SignIn.LoginLinks;

/// <summary>The way to a login link by mail, when people may ask for one.</summary>
internal sealed class LoginLinkOffer(Settings settings) : ISignInOffer
{
    public string Label => "Have a login link sent";
    public string Path => LoginLinkRoutes.Ask;
    public int Order => 10;

    public async ValueTask<bool> IsOffered() => (await LoginLinkSettings.Of(settings)).SelfService;
}
