using System.Text;
using Gatehouse.Jose;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passkeys;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.HardwareKeys;

/// <summary>Giving a hardware key and keeping one's own. What the browser got from the key comes in a form, so that the answer is an ordinary page.</summary>
internal static class HardwareKeyEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sign-in/second/key/options", SignInOptions).For(Access.Anyone);
        routes.MapPost("/sign-in/second/key", SignIn).For(Access.Anyone);
        routes.MapPost("/account/confirm/key/options", ConfirmOptions).For(Access.User);
        routes.MapPost("/account/confirm/key", Confirm).For(Access.User);
        routes.MapGet("/account/factors/keys/new", ShowNew).For(Access.Enrolment);
        routes.MapPost("/account/factors/keys/options", NewOptions).For(Access.Enrolment);
        routes.MapPost("/account/factors/keys", Add).For(Access.Enrolment);
        routes.MapPost("/account/factors/keys/{id}/rename", Rename).For(Access.User, recent: true);
        routes.MapPost("/account/factors/keys/{id}/remove", Remove).For(Access.User, recent: true);
        // Bringing one's own back is no more than registering one.
        routes.MapPost("/account/factors/keys/{id}/restore", Restore).For(Access.Enrolment);
    }

    /// <summary>Where the form of the second step posts to; it carries the destination along.</summary>
    internal static string Path(PendingSignIn pending) => pending.Onward.Length > 0 ? $"/sign-in/second/key?{pending.Onward}" : "/sign-in/second/key";

    private static async Task<IResult> SignInOptions(HttpContext http, GiveKey give, Visit visit, StrangerRates rates, Refuse refuse)
    {
        if (rates.Take(http, visit) is { } flood) return refuse.Json(http, flood);
        if (!StrictJson.TryReadObject(await JsonBody.Read(http), out var body) || !StrictJson.TryString(body, "pending", out var pending)) return refuse.Json(http, new PasskeyMalformed(Ceremony.SignIn, "options request"));
        return await give.SignInOptions(pending, visit) is { } options ? Json(options) : refuse.Json(http, new PasskeyChallengeGone(Ceremony.SignIn));
    }

    private static async Task<IResult> SignIn(HttpContext http, Visit visit, GiveKey give, PendingSignIns pendings, IEnumerable<ISecondFactor> factors, Onward onward, AfterSignIn after, Texts texts, StrangerRates rates, Refuse refuse)
    {
        if (rates.Take(http, visit) is { } flood) return refuse.Page(http, flood);
        var form = visit.Form;
        var keep = visit.Query is null ? "" : Onward.Keep(visit.Query);
        var again = keep.Length > 0 ? $"/sign-in?{keep}" : "/sign-in";
        var to = await onward.Find(visit.Query);
        (visit.ClientId, visit.RetryPath) = (to.Continuation?.Client.Id, again);
        if (!AssertionResponse.TryRead(Credential(form), out var response)) return refuse.Page(http, new PasskeyMalformed(Ceremony.SignIn, "credential"), again, "Go to sign-in");
        if (await give.SignIn(Only(form, "pending"), Challenge(form), response, form["remember"] == "on", http.GrantedOrNull(), visit) is not { } outcome) return SeeOther.To(again);
        if (outcome.Passed(out var step, out var refusal)) return after.Answer(http, step, to.Path, keep);
        if (await pendings.Of(visit) is not { } pending) return refuse.Page(http, refusal, again, "Go to sign-in");
        return new RazorComponentResult<SecondStepPage>(new
        {
            Pending = pending,
            Factors = StepEndpoints.OffersOf(pending, factors),
            Sentence = texts[refusal.Facts.Public].Value,
            Reference = refuse.Record(http, refusal).Text,
        })
        { StatusCode = refusal.Facts.Status };
    }

    private static async Task<IResult> ConfirmOptions(HttpContext http, Visit visit, GiveKey give) => Json(await give.ConfirmOptions(http.Granted(), visit));

    private static async Task<IResult> Confirm(HttpContext http, Visit visit, GiveKey give, BeginSession sessions, Refuse refuse)
    {
        if (!AssertionResponse.TryRead(await JsonBody.Read(http), out var response)) return refuse.Json(http, new PasskeyMalformed(Ceremony.SignIn, "credential"));
        if (!(await give.Confirm(http.Granted(), PasskeyEndpoints.Challenge(http), response, visit)).Passed(out var cookie, out var refusal)) return refuse.Json(http, refusal);
        sessions.Keep(http, cookie);
        return Results.Json(new { next = "/" });
    }

    private static async Task<IResult> ShowNew(HttpContext http, Visit visit, KeepFactors factors) =>
        await factors.MayEnrol(http.Granted()) ? new RazorComponentResult<NewKeyPage>(new { }) : SessionDoor.AskToConfirm(visit, http);

    private static async Task<IResult> NewOptions(HttpContext http, Visit visit, KeepFactors factors, KeepKeys keep) =>
        await factors.MayEnrol(http.Granted()) ? Json(await keep.Options(http.Granted(), visit))
            : Results.Json(new { code = "signin.confirm", sentence = "Too much time has passed: load this page again and confirm that it is you." }, statusCode: 403);

    private static async Task<IResult> Add(HttpContext http, Visit visit, KeepFactors factors, KeepKeys keep, BeginSession sessions, Refuse refuse)
    {
        const string page = "/account/factors/keys/new";
        // What a key answered is not carried through a confirmation: it is asked anew after it.
        if (!await factors.MayEnrol(http.Granted())) return SeeOther.To(page);
        if (!AttestationResponse.TryRead(Credential(visit.Form), out var response)) return refuse.Page(http, new PasskeyMalformed(Ceremony.Registration, "credential"), page, "Try again");
        if (!(await keep.Add(http.Granted(), Challenge(visit.Form), response, NameOf(visit), visit, http.Actor())).Passed(out var made, out var refusal)) return refuse.Page(http, refusal, page, "Try again");
        sessions.Keep(http, made.CookieValue);
        return made.Codes.Count > 0 ? new RazorComponentResult<BackupCodesPage>(new { made.Codes, http.Granted().User.Email }) : SeeOther.To("/account/security");
    }

    private static async Task<IResult> Rename(HttpContext http, string id, Visit visit, KeepKeys keep)
    {
        if (NameOf(visit) is { } name) await keep.Rename(http.Granted(), id, name, http.Actor());
        return SeeOther.To("/account/security");
    }

    private static async Task<IResult> Remove(HttpContext http, string id, KeepKeys keep, BeginSession sessions, Refuse refuse)
    {
        if (!(await keep.Remove(http.Granted(), id, http.Actor())).Passed(out var cookie, out var refusal) && refusal is not null) return refuse.Page(http, refusal, "/account/security", "Back to Security");
        if (cookie is not null) sessions.Keep(http, cookie);
        return SeeOther.To("/account/security");
    }

    private static async Task<IResult> Restore(HttpContext http, string id, Visit visit, KeepFactors factors, KeepKeys keep)
    {
        if (!await factors.MayEnrol(http.Granted())) return SessionDoor.AskToConfirm(visit, http);
        await keep.Restore(http.Granted(), id, http.Actor());
        return SeeOther.To("/account/security");
    }

    private static string? NameOf(Visit visit) => visit.Form.Text("name") is { } name ? Printable.Cap(name, 60) : null;

    // Two of one name could be read in two ways: neither is read.
    private static string Only(StrictParameters form, string name) => form.Values(name) is [var only] ? only : "";

    private static byte[] Credential(StrictParameters form) => Encoding.UTF8.GetBytes(Only(form, "credential"));

    private static string Challenge(StrictParameters form) => Only(form, "challenge") is { Length: 43 } challenge ? challenge : "";

    private static IResult Json(System.Text.Json.Nodes.JsonObject options) => Results.Text(options.ToJsonString(), "application/json");
}
