using Gatehouse.Data;
using Gatehouse.SignIn;

namespace Gatehouse.SignUp.Join;

/// <summary>The way to an account, when sign-up is open.</summary>
internal sealed class SignUpOffer(Settings settings) : ISignInOffer
{
    public string Label => "Create an account";
    public string Path => "/sign-up";
    public int Order => 20;

    public async ValueTask<bool> IsOffered() => (await SignUpSettings.Of(settings)).Mode == SignUpMode.Open;
}
