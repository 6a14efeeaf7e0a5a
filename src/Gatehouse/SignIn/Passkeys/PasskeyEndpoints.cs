using System.Text.Json;
using Gatehouse.Jose;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>The requests of passkey.js, and the pages about one's own passkeys.</summary>
internal static class PasskeyEndpoints
{
    private static readonly string[] Errors =
        ["NotAllowedError", "AbortError", "SecurityError", "NotSupportedError", "InvalidStateError", "TimeoutError", "ConstraintError", "TypeError", "UnknownError", "EncodingError", "OperationError", "insecure", "origin", "unsupported"];

    private static readonly string[] Guesses = ["cancelled", "timeout", "policy", "insecure", "origin", "unsupported", "already_here", "unknown"];
    private static readonly string[] Kinds = ["sign-in", "register", "step-up", "setup", "sign-up", "second-key", "step-up-key", "register-key"];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/passkeys/assertion/options", SignInOptions).For(Access.Anyone);
        routes.MapPost("/passkeys/assertion", CompleteSignIn).For(Access.Anyone);
        routes.MapPost("/passkeys/step-up/options", StepUpOptions).For(Access.User);
        routes.MapPost("/passkeys/step-up", CompleteStepUp).For(Access.User);
        routes.MapPost("/passkeys/report", Report).For(Access.Anyone);
        routes.MapGet("/account/security", ShowSecurity).For(Access.Enrolment);
        routes.MapGet("/account/passkeys/new", ShowNew).For(Access.Enrolment);
        routes.MapPost("/account/passkeys/options", RegistrationOptions).For(Access.Enrolment);
        routes.MapPost("/account/passkeys", CompleteRegistration).For(Access.Enrolment);
        routes.MapPost("/account/passkeys/{id}/rename", Rename).For(Access.User, recent: true);
        routes.MapPost("/account/passkeys/{id}/remove", Remove).For(Access.User, recent: true);
        // Bringing one's own back is no more than registering one: whoever came by a login link may.
        routes.MapPost("/account/passkeys/{id}/restore", Restore).For(Access.Enrolment);
    }

    private static async Task<IResult> SignInOptions(HttpContext http, Visit visit, SignInWithPasskey signIn, StrangerRates rates, Refuse refuse)
    {
        if (rates.Take(http, visit) is { } flood) return refuse.Json(http, flood);
        if (!StrictJson.TryReadObject(await JsonBody.Read(http), out var body)) return refuse.Json(http, new PasskeyMalformed(Ceremony.SignIn, "options request"));
        var name = StrictJson.TryString(body, "name", out var typed) && typed.Trim() is { Length: > 0 and <= 320 } text ? text : null;
        return Json(await signIn.Options(name, visit));
    }

    private static async Task<IResult> CompleteSignIn(HttpContext http, Visit visit, SignInWithPasskey signIn, BeginSession sessions, Onward onward, StrangerRates rates, Refuse refuse)
    {
        if (rates.Take(http, visit) is { } flood) return refuse.Json(http, flood);
        if (!AssertionResponse.TryRead(await JsonBody.Read(http), out var response)) return refuse.Json(http, new PasskeyMalformed(Ceremony.SignIn, "credential"));
        visit.StaysSignedIn = http.Request.Headers["Gatehouse-Stay"] == "on";
        if (!(await signIn.Complete(Challenge(http), response, "sign-in", http.GrantedOrNull(), visit)).Passed(out var signedIn, out var refusal))
            return RefuseAssertion(http, refuse, refusal);
        sessions.Keep(http, signedIn.CookieValue);
        return Results.Json(new { next = (await onward.Find(visit.Query)).Path });
    }

    private static async Task<IResult> StepUpOptions(HttpContext http, Visit visit, SignInWithPasskey signIn) =>
        Json(await signIn.StepUpOptions(http.Granted(), visit));

    private static async Task<IResult> CompleteStepUp(HttpContext http, Visit visit, SignInWithPasskey signIn, BeginSession sessions, Refuse refuse)
    {
        if (!AssertionResponse.TryRead(await JsonBody.Read(http), out var response)) return refuse.Json(http, new PasskeyMalformed(Ceremony.SignIn, "credential"));
        if (!(await signIn.Complete(Challenge(http), response, "step-up", http.Granted(), visit)).Passed(out var signedIn, out var refusal))
            return RefuseAssertion(http, refuse, refusal);
        sessions.Keep(http, signedIn.CookieValue);
        return Results.Json(new { next = "/" });
    }

    private static async Task<IResult> Report(HttpContext http, Visit visit, Ceremonies ceremonies, HardwareKeys.GiveKey keys, Refuse refuse)
    {
        // Only browsers that hold our pre-session may report, with words from our own lists.
        if (!visit.CookieReturned || !StrictJson.TryReadObject(await JsonBody.Read(http), out var body)) return refuse.Json(http, new PasskeyMalformed(Ceremony.SignIn, "report"));
        var (kind, error, guess) = (OneOf(body, "ceremony", Kinds), OneOf(body, "error", Errors), OneOf(body, "guess", Guesses));
        var time = StrictJson.TryInt64(body, "after", out var after) ? Math.Clamp(after, 0, 3_600_000) : 0;
        var told = kind == "second-key" ? await keys.NoAnswer(error, guess, time, visit) : null;
        var reference = refuse.Record(http, told ?? new PasskeyCeremonyFailed(
            kind, error, guess, StrictJson.TryString(body, "origin", out var origin) ? Printable.Cap(origin, 200) : "unknown", ceremonies.RelyingParty.Origin, time));
        return Results.Json(new { reference = reference.Text });
    }

    private static async Task<IResult> ShowSecurity(HttpContext http, KeepPasskeys keep) =>
        new RazorComponentResult<SecurityPage>(new { Passkeys = await keep.Of(http.Granted().User.Id) });

    private static async Task<IResult> ShowNew(HttpContext http, Visit visit, RegisterPasskey register, Onward onward)
    {
        if (!register.MayEnrol(http.Granted().Session!)) return SessionDoor.AskToConfirm(visit, http);
        // An application that waits is gone on to whether or not a passkey is made now; any other page opens only with one.
        var to = await onward.Find(visit.Query);
        return new RazorComponentResult<NewPasskeyPage>(new { Then = to.Continuation?.Path, First = visit.Query?["first"] == "1" });
    }

    private static async Task<IResult> RegistrationOptions(HttpContext http, Visit visit, RegisterPasskey register) =>
        register.MayEnrol(http.Granted().Session!) ? Json(await register.Options(http.Granted(), visit)) : ConfirmFirst();

    private static async Task<IResult> CompleteRegistration(HttpContext http, Visit visit, RegisterPasskey register, BeginSession sessions, Refuse refuse)
    {
        if (!register.MayEnrol(http.Granted().Session!)) return ConfirmFirst();
        if (!AttestationResponse.TryRead(await JsonBody.Read(http), out var response)) return refuse.Json(http, new PasskeyMalformed(Ceremony.Registration, "credential"));
        if (!(await register.Complete(Challenge(http), response, http.Granted(), visit, http.Actor())).Passed(out var cookie, out var refusal)) return refuse.Json(http, refusal);
        sessions.Keep(http, cookie);
        return Results.Json(new { next = "/account/security" });
    }

    private static async Task<IResult> Rename(HttpContext http, string id, Visit visit, KeepPasskeys keep)
    {
        if (visit.Form.Text("name") is { } name) await keep.Rename(http.Granted(), id, Printable.Cap(name, 60), http.Actor());
        return SeeOther.To("/account/security");
    }

    private static async Task<IResult> Remove(HttpContext http, string id, Visit visit, KeepPasskeys keep, BeginSession sessions, Refuse refuse)
    {
        if (!(await keep.Remove(http.Granted(), id, visit.Form["sure"] == "yes", http.Actor())).Passed(out var cookie, out var refusal))
            return refusal is PasskeyIsTheLast { Others.Length: > 0 } last && visit.Form["sure"] is null ? new RazorComponentResult<RemoveLastPage>(new { Id = id, last.Name, Others = last.Others }) { StatusCode = 409 }
            : refusal is null ? SeeOther.To("/account/security") : refuse.Page(http, refusal, "/account/security", "Back to Security");
        if (cookie is not null) sessions.Keep(http, cookie);
        return SeeOther.To("/account/security");
    }

    private static async Task<IResult> Restore(HttpContext http, string id, Visit visit, KeepPasskeys keep, RegisterPasskey register)
    {
        if (!register.MayEnrol(http.Granted().Session!)) return SessionDoor.AskToConfirm(visit, http);
        await keep.Restore(http.Granted(), id, http.Actor());
        return SeeOther.To("/account/security");
    }

    private static IResult RefuseAssertion(HttpContext http, Refuse refuse, Refusal refusal) => refuse.Json(http, refusal);

    private static IResult ConfirmFirst() =>
        Results.Json(new { code = "signin.confirm", sentence = "Please confirm with a passkey first." }, statusCode: 403);

    internal static string Challenge(HttpContext http) => http.Request.Headers["Gatehouse-Challenge"].ToString() is { Length: 43 } challenge ? challenge : "";

    private static string OneOf(JsonElement body, string name, string[] known) =>
        StrictJson.TryString(body, name, out var text) && known.Contains(text, StringComparer.Ordinal) ? text : "unknown";

    private static IResult Json(System.Text.Json.Nodes.JsonObject options) => Results.Text(options.ToJsonString(), "application/json");
}
