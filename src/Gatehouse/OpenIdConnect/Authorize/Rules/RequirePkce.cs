using Gatehouse.Jose;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>RFC 7636 section 4.3, RFC 9700 section 2.1.1: a challenge where the client needs one, S256 only.</summary>
internal static class RequirePkce
{
    public static Refusal? Check(AuthorizeRequest request)
    {
        var client = request.Client;
        var (challenge, method) = (request.Parameters["code_challenge"], request.Parameters["code_challenge_method"]);
        if (challenge is null)
        {
            return client.PkceRequired || client.IsPublic ? new PkceMissing(client.Ref)
                : method is null ? null
                : new PkceChallengeMalformed(client.Ref, 0);
        }
        if (method != "S256") return new PkceMethodNotSupported(client.Ref, Web.Printable.Cap(method ?? "", 20));
        if (challenge.Length != 43 || !StrictBase64Url.TryDecode(challenge, 32, out var digest) || digest.Length != 32) return new PkceChallengeMalformed(client.Ref, challenge.Length);
        request.Challenge = challenge;
        return null;
    }
}
