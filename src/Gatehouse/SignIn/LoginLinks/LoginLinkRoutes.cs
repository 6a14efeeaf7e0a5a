using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Steps;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.LoginLinks;

/// <summary>Login links: opening one, asking for one, making one for somebody, and whether people may ask.</summary>
internal static class LoginLinkRoutes
{
    public const string Ask = "/sign-in/link";

    /// <summary>How long a link may work, by the form's value.</summary>
    public static readonly IReadOnlyDictionary<string, TimeSpan> Times = new Dictionary<string, TimeSpan>(StringComparer.Ordinal)
    {
        ["15m"] = LoginLinks.Validity,
        ["1h"] = TimeSpan.FromHours(1),
        ["1d"] = TimeSpan.FromDays(1),
        ["7d"] = TimeSpan.FromDays(7),
        ["31d"] = LoginLinks.Longest,
    };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/link", Show).For(Access.Anyone);
        routes.MapPost("/link", Use).For(Access.Anyone);
        routes.MapGet(Ask, ShowAsk).For(Access.Anyone);
        routes.MapPost(Ask, AskForOne).For(Access.Anyone);
        routes.MapPost("/admin/users/{id}/login-link", Make).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/login-link/revoke", Revoke).For(Access.Admin, recent: true);
        routes.MapGet("/admin/settings/login-links", async Task<IResult> (Visit visit, Settings settings) =>
            new RazorComponentResult<LoginLinkSettingsPage>(new { How = await LoginLinkSettings.Of(settings), Saved = visit.Query?["done"] == "saved" })).For(Access.Admin);
        routes.MapPost("/admin/settings/login-links", Save).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> Show(HttpContext http, Visit visit, LoginLinks links, Settings settings, Refuse refuse)
    {
        var token = visit.Query?["t"] ?? "";
        if (!(await links.Look(token)).Passed(out var link, out var refusal)) return await Refused(http, settings, refuse, refusal);
        return new RazorComponentResult<LinkPage>(new
        {
            Name = link.User.DisplayName,
            Token = token,
            Other = link.Payload.Asked is { } asked && asked.Browser != visit.BrowserId ? asked : null,
        });
    }

    private static async Task<IResult> Use(HttpContext http, Visit visit, LoginLinks links, Onward onward, AfterSignIn after, Settings settings, Refuse refuse)
    {
        var used = await links.Use(visit.Form["t"] ?? "", ClientOf, http.GrantedOrNull(), visit);
        if (!used.Passed(out var use, out var refusal)) return await Refused(http, settings, refuse, refusal);
        return after.Answer(http, use.Step, "/account/passkeys/new" + (use.Onward.Length > 0 ? $"?{use.Onward}&first=1" : "?first=1"), use.Onward);

        async Task<ClientRef?> ClientOf(string query) =>
            query.Length > 0 && StrictParameters.TryParse(query, out var parameters) ? (await onward.Find(parameters)).Continuation?.Client : null;
    }

    /// <summary>Every dead link looks the same; what to do next depends on the settings alone.</summary>
    private static async Task<IResult> Refused(HttpContext http, Settings settings, Refuse refuse, Refusal refusal) =>
        (await LoginLinkSettings.Of(settings)).SelfService ? refuse.Page(http, refusal, Ask, "Have a new link sent") : refuse.Page(http, refusal, "/sign-in", "Go to sign-in");

    private static async Task<IResult> ShowAsk(HttpContext http, Visit visit, Settings settings, Refuse refuse) =>
        (await LoginLinkSettings.Of(settings)).SelfService
            ? new RazorComponentResult<AskForLinkPage>(new { Onward = visit.Query is null ? "" : Onward.Keep(visit.Query) })
            : refuse.NotFound(http);

    private static async Task<IResult> AskForOne(HttpContext http, Visit visit, RequestLoginLink requests, Settings settings, Refuse refuse)
    {
        if (!(await LoginLinkSettings.Of(settings)).SelfService) return refuse.NotFound(http);
        var onward = visit.Query is null ? "" : Onward.Keep(visit.Query);
        if (visit.Form.Text("name") is not { } typed || visit.Form.Values("name").Count > 1) return new RazorComponentResult<AskForLinkPage>(new { Onward = onward });
        return await requests.Ask(typed, onward, visit) is { } refusal
            ? refuse.Page(http, refusal, "/sign-in", "Go to sign-in")
            : new RazorComponentResult<LinkAskedPage>(new { Onward = onward });
    }

    private static async Task<IResult> Make(HttpContext http, string id, Visit visit, Database database, LoginLinks links, Refuse refuse)
    {
        var actor = http.Actor();
        var validity = Times.GetValueOrDefault(visit.Form["valid"] ?? "", LoginLinks.Validity);
        var mail = visit.Form["how"] == "mail";
        var made = await database.Write<(User User, string? Url)?>(async sql =>
        {
            if (await UserStore.Find(sql, id) is not { } user) return null;
            if (!user.IsActive) return (user, null);
            if (!mail) return (user, await links.Issue(sql, user, actor, validity));
            await links.Send(sql, user, actor, validity);
            return (user, null);
        });
        if (made is not { } link) return refuse.NotFound(http);
        if (!link.User.IsActive) return refuse.Page(http, new LinkForInactive(link.User.Ref, link.User.DeletedAt is not null), $"/admin/users/{link.User.Id}", "Back to the user");
        return link.Url is null
            ? SeeOther.To($"/admin/users/{link.User.Id}?done=link-sent")
            : new RazorComponentResult<NewLoginLinkPage>(new { link.User, link.Url, Validity = validity });
    }

    private static async Task<IResult> Revoke(HttpContext http, string id, LoginLinks links, Database database, Refuse refuse)
    {
        if (await database.Read(sql => UserStore.Find(sql, id)) is not { } user) return refuse.NotFound(http);
        await links.Revoke(user.Id, http.Actor());
        return SeeOther.To($"/admin/users/{user.Id}?done=link-revoked");
    }

    private static async Task<IResult> Save(HttpContext http, Visit visit, Settings settings, Database database, AuditLog audit)
    {
        var before = await LoginLinkSettings.Of(settings);
        var after = new LoginLinkSettings(visit.Form["self_service"] == "on");
        await database.Write(async sql =>
        {
            await after.Save(sql, settings);
            await audit.Write(sql, http.Actor(), "setting.login_links", new("setting", "login-links", "Login links"), Describe(before), Describe(after));
        });
        return SeeOther.To("/admin/settings/login-links?done=saved");

        static string Describe(LoginLinkSettings how) => how.SelfService ? "people may ask for a link" : "only admins send links";
    }
}
