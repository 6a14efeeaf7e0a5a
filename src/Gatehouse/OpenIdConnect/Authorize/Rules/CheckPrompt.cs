using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>OpenID Connect Core section 3.1.2.1: prompt is a list of known words, and none stands alone.</summary>
internal static class CheckPrompt
{
    public static Refusal? Check(AuthorizeRequest request)
    {
        if (request.Parameters["prompt"] is not { Length: > 0 } prompt) return null;
        var words = prompt.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Any(w => w is not ("none" or "login" or "consent" or "select_account")) || words.Contains("none") && words.Length > 1)
            return new PromptInvalid(request.Client.Ref, Web.Printable.Cap(prompt, 60));
        request.Silent = words is ["none"];
        request.AskConsent = words.Contains("consent");
        if (words.Contains("login") || words.Contains("select_account")) request.AuthTimeAtLeast = request.MadeAt;
        return null;
    }
}
