using Gatehouse.OpenIdConnect.Claims;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>OpenID Connect Core section 3.1.2.3: somebody is signed in, recently enough, and is whom the application expects.</summary>
internal static class RequireSignIn
{
    public static Refusal? Check(AuthorizeRequest request)
    {
        var session = request.Person?.Session;
        request.TooLongAway = session is not null && request.Client.SessionIdleSeconds is > 0 and var away
            && Math.Max(session.AuthTime, request.LastVisit ?? 0) < request.MadeAt - away * 1000;
        var reason = session is null ? "nobody is signed in"
            : request.AuthTimeAtLeast is { } limit && session.AuthTime < limit ? request.Because?.InEnglish(" (set on its page)") ?? "the sign-in is too old for prompt or max_age"
            : request.TooLongAway ? CheckMaxAge.NotSeen(request.Client).InEnglish(" (set on its page)")
            : AcrFalls(request, session) ? "the way of signing in is not among the acr values that are essential"
            : request.ExpectedSubject is { } subject && subject != request.Person!.User.Id ? "somebody else is signed in than the application expects"
            : null;
        if (reason is null) return null;
        // The person has just signed in as well as they can: asking again would go in circles.
        if (session is not null && request.Resumed && AcrFalls(request, session)) return new AcrNotMet(request.Client.Ref, Assurance.Acr(Assurance.Methods(session.Factors)), [.. WantedAcr(request).Take(5).Select(v => Web.Printable.Cap(v, 60))]);
        if (request.Silent || request.Resumed && session is not null && request.ExpectedSubject is { } expected && expected != request.Person!.User.Id)
            return new LoginRequired(request.Client.Ref, reason);
        request.MustBeStronger = session is not null && request.NeedsMultiFactor && Assurance.Acr(Assurance.Methods(session.Factors)) == Assurance.SingleFactor;
        request.MustSignIn = true;
        return null;
    }

    private static IEnumerable<string> WantedAcr(AuthorizeRequest request) =>
        request.Requested.EssentialAcr is { Count: > 0 } wanted ? wanted : [Assurance.PhishingResistant, Assurance.MultiFactor];

    private static bool AcrFalls(AuthorizeRequest request, Session session)
    {
        var reached = Assurance.Acr(Assurance.Methods(session.Factors));
        return request.NeedsMultiFactor && reached == Assurance.SingleFactor
            || request.Requested.EssentialAcr is { Count: > 0 } wanted && !wanted.Contains(reached, StringComparer.Ordinal);
    }
}
