using System.Globalization;
using Gatehouse.Refusals;
using Gatehouse.SignIn;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>OpenID Connect Core section 3.1.2.1: max_age is a number of seconds since the person signed in. A client may have such a limit set here too; the stricter one holds.</summary>
internal static class CheckMaxAge
{
    public static Refusal? Check(AuthorizeRequest request)
    {
        if (request.Parameters["max_age"] is { } text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return new MaxAgeInvalid(request.Client.Ref, text.Length);
            request.AuthTimeAtLeast = Math.Max(request.MadeAt - seconds * 1000L, request.AuthTimeAtLeast ?? long.MinValue);
        }
        if (request.Client.SessionMaxSeconds is > 0 and var most && request.MadeAt - most * 1000 is var limit && limit > (request.AuthTimeAtLeast ?? long.MinValue))
        {
            request.AuthTimeAtLeast = limit;
            request.Because = TooOld(request.Client);
        }
        return null;
    }

    public static AgainBecause TooOld(Clients.Client client) => new("{0} takes no sign-in older than {1}.", [client.Name, TimeSpan.FromSeconds(client.SessionMaxSeconds)]);

    public static AgainBecause NotSeen(Clients.Client client) => new("{0} asks again after {1} without a visit.", [client.Name, TimeSpan.FromSeconds(client.SessionIdleSeconds)]);
}
