using System.Globalization;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.BreakGlass;

/// <summary>The public page, the session's own acts, and the page of admins.</summary>
internal static class BreakGlassEndpoints
{
    public const string Public = "/break-glass", Admin = "/admin/break-glass";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Public, IResult () => new RazorComponentResult<BreakGlassPage>()).For(Access.Anyone);
        routes.MapPost(Public, Open).For(Access.Anyone);
        routes.MapGet(Public + "/drill", IResult () => new RazorComponentResult<BreakGlassPage>(new { Rehearsal = true })).For(Access.Anyone);
        routes.MapPost(Public + "/drill", Drill).For(Access.Anyone);
        routes.MapPost(Public + "/end", End).For(Access.Anyone);
        routes.MapPost(Public + "/confirm", Confirm).For(Access.Viewer);
        routes.MapGet(Admin, Show).For(Access.Admin);
        routes.MapPost(Admin + "/seal", Seal).For(Access.Admin, recent: true);
        routes.MapPost(Admin + "/withdraw", Withdraw).For(Access.Admin, recent: true);
        routes.MapPost(Admin + "/openings/{id}/end", EndOne).For(Access.Admin, recent: true);
    }

    /// <summary>The break-glass session that came with this request and is open, or null.</summary>
    public static Opening? OpeningOrNull(this HttpContext http) => http.Features.Get<OpeningOfRequest>() is { Over: null } found ? found.Opening : null;

    private static async Task<IResult> Open(HttpContext http, Visit visit, UseBreakGlass use, Cookies cookies, Texts texts, Refuse refuse)
    {
        if (Typed(visit) is not { } normal) return Mistyped(texts, rehearsal: false);
        if (!(await use.Open(normal, http.GrantedOrNull(), http.OpeningOrNull(), visit)).Passed(out var opened, out var refusal)) return Refused(http, refusal, refuse, Public);
        cookies.Write(http, BeginSession.Cookie, opened.Cookie, GlassLimits.Session);
        return SeeOther.To("/admin");
    }

    private static async Task<IResult> Drill(HttpContext http, Visit visit, UseBreakGlass use, Texts texts, Refuse refuse)
    {
        if (Typed(visit) is not { } normal) return Mistyped(texts, rehearsal: true);
        var by = new Actor(http.GrantedOrNull()?.User.Email ?? http.OpeningOrNull()?.ActorName ?? "somebody with the credential", visit.Address.ToString());
        return (await use.Drill(normal, by, visit)).Passed(out _, out var refusal)
            ? new RazorComponentResult<BreakGlassDrilledPage>()
            : Refused(http, refusal, refuse, Public + "/drill");
    }

    private static async Task<IResult> End(HttpContext http, Visit visit, UseBreakGlass use, BeginSession sessions)
    {
        if (http.OpeningOrNull() is not { } opening) return SeeOther.To("/sign-in");
        await use.End(opening.Id, new Actor(opening.ActorName, visit.Address.ToString()));
        sessions.Forget(http);
        return SeeOther.To("/sign-in");
    }

    private static async Task<IResult> Confirm(HttpContext http, Visit visit, UseBreakGlass use, Cookies cookies, TimeProvider clock, Refuse refuse)
    {
        if (http.OpeningOrNull() is not { } opening) return refuse.NotFound(http);
        var back = LocalPath.Or(visit.Form["then"], "/admin");
        var typed = visit.Form.Values("confirm_credential") is [var only] ? BreakGlassText.Read(only) : null;
        if (!(await use.Confirm(opening, typed, visit)).Passed(out var cookie, out var refusal)) return refuse.Page(http, refusal, back, "Back");
        cookies.Write(http, BeginSession.Cookie, cookie, TimeSpan.FromMilliseconds(Math.Max(1000, opening.ExpiresAt - clock.Now())));
        if (visit.Form["then_post"] != "yes") return SeeOther.To(back);
        return new RazorComponentResult<StepUp.ConfirmedPage>(new
        {
            Action = back,
            Fields = (IReadOnlyList<KeyValuePair<string, string>>)[.. visit.Form.All.Where(f => f.Key.StartsWith("f.", StringComparison.Ordinal)).Select(f => KeyValuePair.Create(f.Key[2..], f.Value))],
        });
    }

    private static async Task<IResult> Show(Visit visit, Database database, TimeProvider clock)
    {
        var now = clock.Now();
        var (present, openings, history) = await database.Read(async sql => (await BreakGlassStore.Sealed(sql, now), await BreakGlassStore.Newest(sql), await BreakGlassStore.History(sql)));
        return new RazorComponentResult<BreakGlassAdminPage>(new { Present = present, Openings = openings, History = history, Now = now, Done = visit.Query?["done"] ?? "" });
    }

    private static async Task<IResult> Seal(HttpContext http, SealBreakGlass seals, TimeProvider clock) =>
        new RazorComponentResult<BreakGlassSealedPage>(new { Credential = await seals.Seal(http.Actor()), By = http.Granted().User.Email, At = clock.Now() });

    private static async Task<IResult> Withdraw(HttpContext http, SealBreakGlass seals) =>
        SeeOther.To(await seals.Withdraw(http.Actor()) ? Admin + "?done=withdrawn" : Admin);

    private static async Task<IResult> EndOne(HttpContext http, string id, UseBreakGlass use) =>
        SeeOther.To(await use.End(id, http.Actor()) ? Admin + "?done=ended" : Admin);

    /// <summary>One value in one field: two could be read in two ways.</summary>
    private static string? Typed(Visit visit) => visit.Form.Values("credential") is [var only] ? BreakGlassText.Read(only) : null;

    // A fault of the form, the same whatever is sealed; nothing typed comes back.
    private static RazorComponentResult<BreakGlassPage> Mistyped(Texts texts, bool rehearsal) => new(new
    {
        Rehearsal = rehearsal,
        Error = texts["This has a typing mistake, or is no break-glass credential. The last group is computed from the others; compare group by group."].Value,
    })
    { StatusCode = 400 };

    private static IResult Refused(HttpContext http, Refusal refusal, Refuse refuse, string again)
    {
        if (refusal is BreakGlassThrottled throttled)
            http.Response.Headers.RetryAfter = Math.Clamp((throttled.FreeAt - http.RequestServices.GetRequiredService<TimeProvider>().Now()) / 1000, 1, 900).ToString(CultureInfo.InvariantCulture);
        return refuse.Page(http, refusal, again, "Try again");
    }
}
