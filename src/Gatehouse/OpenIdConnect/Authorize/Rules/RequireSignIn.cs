using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>OpenID Connect Core section 3.1.2.3: somebody is signed in, recently enough, and is whom the application expects.</summary>
internal static class RequireSignIn
{
    public static Refusal? Check(AuthorizeRequest request)
    {
        var session = request.Person?.Session;
        var reason = session is null ? "nobody is signed in"
            : request.AuthTimeAtLeast is { } limit && session.AuthTime < limit ? "the sign-in is too old for prompt or max_age"
            : request.ExpectedSubject is { } subject && subject != request.Person!.User.Id ? "somebody else is signed in than the application expects"
            : null;
        if (reason is null) return null;
        if (request.Silent || request.Resumed && session is not null && request.ExpectedSubject is { } expected && expected != request.Person!.User.Id)
            return new LoginRequired(request.Client.Ref, reason);
        request.MustSignIn = true;
        return null;
    }
}
