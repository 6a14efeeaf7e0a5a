using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.BreakGlass;
using Gatehouse.SignIn.StepUp;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.Sessions;

/// <summary>Recognises the session of a request and judges whether it may enter a route.</summary>
internal sealed class SessionDoor(Database database, Secrets secrets, Cookies cookies, AccessRules rules, UseBreakGlass glass, Refuse refuse, ReturnPath returnPath, Settings settings, TimeProvider clock) : ISessionDoor
{
    public async Task Recognise(HttpContext http, Visit visit)
    {
        if (cookies.Read(http, BeginSession.Cookie) is not { Length: 43 } value) return;
        var hash = secrets.Hash("session", value);
        if (await database.Read(sql => SessionStore.Find(sql, hash)) is not { } found)
        {
            await RecogniseBreakGlass(http, visit, value);
            return;
        }
        var policy = await SessionPolicy.Of(settings);
        if (found.Over(policy, clock.Now()) is { } over)
        {
            // Whoever holds the cookie of a session may hear what became of it.
            http.Features.Set(over);
            return;
        }
        if (!rules.Judge(found.User, found.Groups, found.Session, client: null).Passed(out var granted, out _)) return;
        if (clock.Now() - found.Session.LastSeenAt > policy.SeenEvery(found.Session))
            await database.Write(sql => SessionStore.Seen(sql, hash, clock.Now()));
        http.Features.Set(granted);
        var user = granted.User;
        visit.SignedIn = new(user.Id, user.DisplayName, user.Email, user.IsViewer, user.IsAdmin, found.Session.Kind == SessionKind.Enrolment);
    }

    /// <summary>A break-glass session stands for nobody outside the pages of administration: there its cookie is as none.</summary>
    private async Task RecogniseBreakGlass(HttpContext http, Visit visit, string value)
    {
        if (await glass.Find(value) is not { } opening) return;
        var passed = rules.Judge(opening).Passed(out var granted, out var over);
        http.Features.Set(new OpeningOfRequest(opening, over));
        if (!passed) return;
        visit.BreakGlassUntil = opening.ExpiresAt;
        if (http.GetEndpoint()?.Metadata.GetMetadata<RequiresAccess>() is not { Level: >= Access.Viewer }) return;
        http.Features.Set(granted);
        visit.SignedIn = new(granted!.User.Id, granted.User.DisplayName, granted.User.Email, IsViewer: true, IsAdmin: true, IsEnrolment: false);
    }

    public Task<IResult?> Judge(HttpContext http, Visit visit, RequiresAccess requires) => Task.FromResult(Decide(http, visit, requires));

    private IResult? Decide(HttpContext http, Visit visit, RequiresAccess requires)
    {
        if (requires.Level == Access.Anyone) return null;
        if (http.Features.Get<OpeningOfRequest>() is { } glassy)
        {
            if (glassy.Over is { } over)
            {
                // Told once; from here on this browser is a stranger's.
                cookies.Clear(http, BeginSession.Cookie);
                return refuse.Page(http, over, "/sign-in", "Go to sign-in");
            }
            if (requires.Level < Access.Viewer)
                return http.Request.Path == "/" ? SeeOther.To("/admin") : refuse.Page(http, new BreakGlassAdministersOnly(glassy.Opening.Label, http.Request.Path), "/admin", "Go to administration");
        }
        if (http.GrantedOrNull() is not { Session: { } session } granted) return ToSignIn(http, visit);
        var path = http.Request.Path.ToString();
        if (session.Kind == SessionKind.Enrolment && requires.Level > Access.Enrolment)
            return refuse.Page(http, new PasskeyNeededFirst(granted.User.Ref, path), "/account/security", "Register a passkey");
        if (requires.Level == Access.Admin && !granted.User.IsAdmin || requires.Level == Access.Viewer && !granted.User.IsViewer)
            return refuse.Page(http, new NotAllowedHere(granted.User.Ref, granted.User.Role, requires.Level == Access.Admin ? "admin" : "viewer", path), "/", "Go to my apps");
        return requires.Recent && !IsRecent(session, clock.Now(), requires.Level == Access.Admin) ? AskToConfirm(visit, http) : null;
    }

    /// <summary>
    /// A passkey assertion at most ten minutes old, by a credential that was registered before the session began:
    /// whoever stole a session cannot enrol a key and confirm with it. In a break-glass session: the credential, or a code of the console, typed within these ten minutes.
    /// </summary>
    /// <param name="administration">True: a password alone does not do.</param>
    public static bool IsRecent(Session session, long now, bool administration = false) => session.Factors.Any(f =>
        f.Method == SessionKind.BreakGlass ? now - f.At <= (long)SessionLimits.Recent.TotalMilliseconds && f.At <= now
        : f.Alone ? !administration && now - f.At <= (long)SessionLimits.Recent.TotalMilliseconds && f.At <= now
        : f.CredentialId is not null && now - f.At <= (long)SessionLimits.Recent.TotalMilliseconds && f.At <= now
        && f.CredentialCreatedAt is { } made && (made < session.BeganAt || f.First));

    private IResult ToSignIn(HttpContext http, Visit visit)
    {
        if (http.Request.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) == true)
            return Results.Json(new { code = "signin.needed", sentence = "Please sign in first." }, statusCode: 401);
        var wanted = HttpMethods.IsGet(http.Request.Method) && LocalPath.IsOne(visit.PathAndQuery) && visit.PathAndQuery.Length < 1500 ? visit.PathAndQuery : "/";
        return SeeOther.To($"/sign-in?{returnPath.Query(wanted)}");
    }

    /// <summary>Nothing typed is lost: the page carries the posted fields along and sends them again after the confirmation.</summary>
    public static RazorComponentResult<StepUpPage> AskToConfirm(Visit visit, HttpContext http) =>
        new(new { Action = visit.PathAndQuery, Post = !HttpMethods.IsGet(http.Request.Method), Fields = visit.Form.All, Administration = http.GetEndpoint()?.Metadata.GetMetadata<RequiresAccess>()?.Level == Access.Admin }) { StatusCode = 403 };
}
