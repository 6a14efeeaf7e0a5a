using System.Globalization;
using Gatehouse.Accounts.Groups;
using Gatehouse.Audit;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Sessions;
using Gatehouse.SignIn.Steps;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>Giving a second factor, keeping one's own, and the policy.</summary>
internal static class SecondFactorEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sign-in/second/code", SignIn).For(Access.Anyone);
        routes.MapPost("/account/confirm/code", Confirm).For(Access.User);
        routes.MapGet("/account/factors/app", ShowApp).For(Access.Enrolment);
        routes.MapPost("/account/factors/app", AddApp).For(Access.Enrolment);
        routes.MapPost("/account/factors/app/remove", RemoveApp).For(Access.User, recent: true);
        routes.MapPost("/account/factors/backup-codes", NewCodes).For(Access.User, recent: true);
        routes.MapPost("/account/factors/remembered/{id}/forget", Forget).For(Access.User);
        ResetEndpoints.Map(routes);
        routes.MapGet("/admin/settings/second-factors", ShowSettings).For(Access.Admin);
        routes.MapPost("/admin/settings/second-factors", SaveSettings).For(Access.Admin, recent: true);
    }

    /// <summary>Where a form of the second step posts to; it carries the destination along.</summary>
    internal static string CodePath(PendingSignIn pending) => pending.Onward.Length > 0 ? $"/sign-in/second/code?{pending.Onward}" : "/sign-in/second/code";

    private static async Task<IResult> SignIn(HttpContext http, Visit visit, GiveCode give, PendingSignIns pendings, IEnumerable<ISecondFactor> factors, Onward onward, AfterSignIn after, Texts texts, Refuse refuse)
    {
        var form = visit.Form;
        var keep = visit.Query is null ? "" : Onward.Keep(visit.Query);
        var again = keep.Length > 0 ? $"/sign-in?{keep}" : "/sign-in";
        var to = await onward.Find(visit.Query);
        (visit.ClientId, visit.RetryPath) = (to.Continuation?.Client.Id, again);
        // One code in one field: two could be read in two ways.
        var code = form.Values("code").Concat(form.Values("backup")).Concat(form.Values("pass")).ToArray() is [var only] ? only : "";
        if (await give.SignIn(form["pending"] ?? "", code, form["remember"] == "on", http.GrantedOrNull(), visit) is not { } outcome) return SeeOther.To(again);
        if (outcome.Passed(out var step, out var refusal)) return after.Answer(http, step, to.Path, keep);
        if (refusal.Facts.PublicCode != FactorRefused.PublicCode || await pendings.Of(visit) is not { } pending) return refuse.Page(http, refusal, again, "Go to sign-in");
        return new RazorComponentResult<SecondStepPage>(new
        {
            Pending = pending,
            Factors = StepEndpoints.OffersOf(pending, factors),
            Sentence = texts[refusal.Facts.Public].Value,
            Reference = refuse.Record(http, refusal).Text,
            Recovery = form["code"] is null,
        })
        { StatusCode = refusal.Facts.Status };
    }

    private static async Task<IResult> Confirm(HttpContext http, Visit visit, GiveCode give, BeginSession sessions, Refuse refuse)
    {
        var back = LocalPath.Or(visit.Form["then"], "/account/security");
        var code = visit.Form.Values("confirm_code") is [var only] ? only : "";
        if (!(await give.Confirm(http.Granted(), code, visit)).Passed(out var cookie, out var refusal)) return refuse.Page(http, refusal, back, "Back");
        sessions.Keep(http, cookie);
        if (visit.Form["then_post"] != "yes") return SeeOther.To(back);
        return new RazorComponentResult<StepUp.ConfirmedPage>(new
        {
            Action = back,
            Fields = (IReadOnlyList<KeyValuePair<string, string>>)[.. visit.Form.All.Where(f => f.Key.StartsWith("f.", StringComparison.Ordinal)).Select(f => KeyValuePair.Create(f.Key[2..], f.Value))],
        });
    }

    private static async Task<IResult> ShowApp(HttpContext http, Visit visit, KeepFactors keep, AuthenticatorApps apps, Database database, ServerConfiguration configuration)
    {
        var granted = http.Granted();
        if (!await keep.MayEnrol(granted)) return SessionDoor.AskToConfirm(visit, http);
        var replaces = (await database.Read(sql => apps.Of(sql, granted.User.Id)))?.Id ?? "";
        return AppPage(granted, configuration, apps.Draw(granted.User.Id, granted.Session!.PublicId, replaces), replaces, null, null, 200);
    }

    private static async Task<IResult> AddApp(HttpContext http, Visit visit, KeepFactors keep, AuthenticatorApps apps, BeginSession sessions, ServerConfiguration configuration, Texts texts, Refuse refuse)
    {
        var granted = http.Granted();
        // The secret on the page is not carried through the confirmation: a new one is drawn after it.
        if (!await keep.MayEnrol(granted)) return SeeOther.To("/account/factors/app");
        var replaces = visit.Form["replaces"] ?? "";
        if (apps.Open(granted.User.Id, granted.Session!.PublicId, replaces, visit.Form["seed"] ?? "") is not { } drawn)
            return refuse.Page(http, new FactorEnrolmentOver(granted.User.Ref), "/account/factors/app", "Begin anew");
        var code = visit.Form.Values("code") is [var only] ? only : "";
        if (!(await keep.AddApp(granted, drawn, replaces, code, visit, http.Actor())).Passed(out var made, out var refusal))
            return refusal is AuthenticatorNotProven
                ? AppPage(granted, configuration, drawn, replaces, texts[refusal.Facts.Public].Value, refuse.Record(http, refusal).Text, refusal.Facts.Status)
                : refuse.Page(http, refusal, "/account/factors/app", "Begin anew");
        sessions.Keep(http, made.CookieValue);
        return made.Codes.Count > 0 ? CodesPage(granted, made.Codes) : SeeOther.To("/account/security");
    }

    private static RazorComponentResult<NewAuthenticatorPage> AppPage(AccessGranted granted, ServerConfiguration configuration, NewSeed drawn, string replaces, string? error, string? reference, int status) => new(new
    {
        Address = Totp.Address(drawn.Seed, configuration.AppUrl.Host, granted.User.Email),
        Secret = string.Join(' ', Totp.Base32(drawn.Seed).Chunk(4).Select(c => new string(c))),
        drawn.Box,
        Replaces = replaces,
        Error = error,
        Reference = reference,
    })
    { StatusCode = status };

    private static async Task<IResult> RemoveApp(HttpContext http, KeepFactors keep, BeginSession sessions, Refuse refuse)
    {
        if (!(await keep.RemoveApp(http.Granted(), http.Actor())).Passed(out var cookie, out var refusal) && refusal is not null) return refuse.Page(http, refusal, "/account/security", "Back to Security");
        if (cookie is not null) sessions.Keep(http, cookie);
        return SeeOther.To("/account/security");
    }

    private static async Task<IResult> NewCodes(HttpContext http, KeepFactors keep) =>
        await keep.NewCodes(http.Granted(), http.Actor()) is { Count: > 0 } codes ? CodesPage(http.Granted(), codes) : SeeOther.To("/account/security");

    private static RazorComponentResult<BackupCodesPage> CodesPage(AccessGranted granted, IReadOnlyList<string> codes) => new(new { Codes = codes, granted.User.Email });

    private static async Task<IResult> Forget(HttpContext http, string id, Visit visit, Database database, RememberedDevices devices)
    {
        await database.Write(sql => devices.Forget(sql, http.Granted().User.Id, id));
        return SeeOther.To(LocalPath.Or(visit.Form["then"], "/account/security"));
    }

    private static async Task<IResult> ShowSettings(Visit visit, Settings settings, Database database)
    {
        var (groups, clients) = await Choices(database);
        return new RazorComponentResult<FactorSettingsPage>(new { Value = await FactorSettings.Of(settings), Groups = groups, Clients = clients, Saved = visit.Query?["done"] == "saved" });
    }

    private static async Task<IResult> SaveSettings(HttpContext http, Visit visit, Settings settings, Database database, AuditLog audit, Texts texts, TimeProvider clock)
    {
        var form = visit.Form;
        var (groups, clients) = await Choices(database);
        var errors = new List<FieldError>();
        int Days(string name)
        {
            if (int.TryParse(form.Text(name) ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days <= 90) return days;
            errors.Add(new(name, texts["Type a number from 0 to 90."]));
            return 0;
        }
        var before = await FactorSettings.Of(settings);
        var value = new FactorSettings
        {
            Who = form["who"] is FactorSettings.Admins or FactorSettings.Everyone ? form["who"]! : FactorSettings.Optional,
            Groups = [.. form.Values("group").Where(id => groups.Any(g => g.Id == id)).Distinct(StringComparer.Ordinal)],
            Clients = [.. form.Values("client").Where(id => clients.Any(c => c.Id == id)).Distinct(StringComparer.Ordinal)],
            GraceDays = Days("grace"),
            RememberDays = Days("remember"),
            SecondApprover = form["second_approver"] == "on",
        };
        var same = value.Who == before.Who && value.Groups.All(before.Groups.Contains);
        value = value with { Since = same ? before.Since : clock.Now() };
        if (errors.Count > 0)
            return new RazorComponentResult<FactorSettingsPage>(new { Value = value, Groups = groups, Clients = clients, Errors = (IReadOnlyList<FieldError>)errors, TypedGrace = form["grace"], TypedRemember = form["remember"] }) { StatusCode = 400 };
        await database.Write(async sql =>
        {
            await value.Save(sql, settings);
            await audit.Write(sql, http.Actor(), "setting.second_factors_changed", new("setting", "second_factors", "Second factors"), before.Describe(), value.Describe());
        });
        return SeeOther.To("/admin/settings/second-factors?done=saved");
    }

    private static Task<(IReadOnlyList<GroupRef>, IReadOnlyList<ClientRef>)> Choices(Database database) => database.Read(async sql =>
        ((IReadOnlyList<GroupRef>)[.. (await GroupStore.All(sql)).Select(g => g.Ref)], await sql.List<ClientRef>("""select id as "Id", name as "Name" from clients order by name""")));
}
