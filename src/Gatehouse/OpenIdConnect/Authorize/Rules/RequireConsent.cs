using Gatehouse.OpenIdConnect.Consents;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>OpenID Connect Core section 3.1.2.4: the person agrees to what the application gets, once, and again when it is more.</summary>
internal static class RequireConsent
{
    public static Refusal? Check(AuthorizeRequest request)
    {
        var question = request.Consent!;
        request.Items = ConsentItem.Of(question.Person.Released(request.Scope, request.Requested.Everywhere), request.Scope, request.Api);
        var missing = request.Client.Trusted ? [] : request.Items.Where(i => !question.Covers(i)).Select(i => i.Key).ToArray();
        var first = !request.Client.Trusted && question.Given is null;
        // prompt=consent is answered by a consent that is younger than the request.
        var again = request.AskConsent && !(request.Resumed && question.Given is { } given && given.ChangedAt >= request.MadeAt);
        if (missing.Length == 0 && !first && !again) return null;
        if (request.Silent) return new ConsentRequired(request.Client.Ref, question.Given is null ? "nothing was agreed to yet" : $"not yet agreed to: {string.Join(", ", missing)}");
        request.MustConsent = true;
        return null;
    }
}
