using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.Steps;

/// <summary>The answer to a proof that was good.</summary>
public sealed class AfterSignIn(BeginSession sessions)
{
    public const string SecondPath = "/sign-in/second";

    /// <summary>Sets the cookie and leads on, or leads to the page for the second proof.</summary>
    /// <param name="to">Where a session leads, a path of ours.</param>
    /// <param name="onward">The part of the query that names the destination, to carry it along.</param>
    public IResult Answer(HttpContext http, SignInStep step, string to, string onward)
    {
        if (step.CookieValue is null) return SeeOther.To(onward.Length > 0 ? $"{SecondPath}?{onward}" : SecondPath);
        sessions.Keep(http, step.CookieValue);
        if (step.Kind == SessionKind.Enrolment && to == "/") to = "/account/security";
        // A page of ours, not a redirect: form-action 'self' covers every hop after a POST, and the application's callback is elsewhere.
        return to.StartsWith("/account", StringComparison.Ordinal) ? SeeOther.To(to) : new RazorComponentResult<OnwardPage>(new { To = to });
    }
}
