using System.Globalization;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Accounts.Deletion;

/// <summary>Asking for one's account to be deleted, the decision, and the settings of it.</summary>
internal static class DeletionRoutes
{
    private const string Own = "/account/delete", Settings = "/admin/settings/deletion";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Own, (HttpContext http, Visit visit) => Show(http, visit)).For(Access.User);
        routes.MapPost(Own, Ask).For(Access.User, recent: true);
        routes.MapPost(Own + "/take-back", TakeBack).For(Access.User);
        routes.MapPost("/admin/users/{id}/deletion/approve", (HttpContext http, string id, Visit visit, AskForDeletion wishes, Refuse refuse) =>
            Then(http, refuse, id, "deleted", wishes.Approve(id, visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/deletion/decline", (HttpContext http, string id, Visit visit, AskForDeletion wishes, Refuse refuse) =>
            Then(http, refuse, id, "declined", wishes.Decline(id, visit.Form.Text("because"), visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapGet(Settings, async Task<IResult> (Visit visit, Settings settings) =>
            new RazorComponentResult<DeletionSettingsPage>(new { How = await DeletionSettings.Of(settings), Saved = visit.Query?["done"] == "saved" })).For(Access.Admin);
        routes.MapPost(Settings, Save).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> Show(HttpContext http, Visit visit, bool notSure = false)
    {
        var services = http.RequestServices;
        var id = visit.SignedIn!.UserId;
        var (user, request, last) = await services.GetRequiredService<Database>().Read(async sql =>
            (await UserStore.Find(sql, id), await DeletionRequest.Of(sql, id), await UserStore.ActiveAdmins(sql) is [var only] && only.Id == id));
        if (user is null) return services.GetRequiredService<Refuse>().NotFound(http);
        return new RazorComponentResult<DeleteOwnPage>(new
        {
            User = user,
            How = await DeletionSettings.Of(services.GetRequiredService<Settings>()),
            Request = request,
            LastAdmin = last,
            NotSure = notSure,
            Done = visit.Query?["done"],
        })
        { StatusCode = notSure ? 400 : 200 };
    }

    private static async Task<IResult> Ask(HttpContext http, Visit visit, AskForDeletion wishes, Refuse refuse)
    {
        if (visit.Form["sure"] != "on") return await Show(http, visit, notSure: true);
        return (await wishes.Ask(visit.SignedIn!.UserId, visit.Actor())).Passed(out _, out var refusal) ? SeeOther.To(Own) : refuse.Page(http, refusal, Own, "Back");
    }

    private static async Task<IResult> TakeBack(HttpContext http, Visit visit, AskForDeletion wishes, Refuse refuse) =>
        (await wishes.TakeBack(visit.SignedIn!.UserId, visit.Actor())).Passed(out _, out var refusal) ? SeeOther.To(Own + "?done=taken-back") : refuse.Page(http, refusal, Own, "Back");

    private static async Task<IResult> Then(HttpContext http, Refuse refuse, string id, string done, Task<Outcome<User>> act) =>
        (await act).Passed(out var user, out var refusal) ? SeeOther.To($"/admin/users/{user.Id}?done={done}")
        : refusal is NoSuchUser ? refuse.NotFound(http) : refuse.Page(http, refusal, $"/admin/users/{Uri.EscapeDataString(id)}", "Back to the user");

    private static async Task<IResult> Save(HttpContext http, Visit visit, Settings settings, Database database, AuditLog audit, Texts texts)
    {
        var before = await DeletionSettings.Of(settings);
        var typed = visit.Form.Text("grace");
        var read = int.TryParse(typed, NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is >= 1 and <= DeletionSettings.MostDays;
        var after = new DeletionSettings { MayAsk = visit.Form["ask"] == "on", GraceDays = read ? days : before.GraceDays };
        if (!read)
            return new RazorComponentResult<DeletionSettingsPage>(new { How = after, Typed = typed ?? "", Errors = (IReadOnlyList<FieldError>)[new("grace", texts["Type a number from 1 to 90."])] }) { StatusCode = 400 };
        await database.Write(async sql =>
        {
            await after.Save(sql, settings);
            await audit.Write(sql, visit.Actor(), "setting.deletion_changed", new("setting", "deletion", "Account deletion"), before.Describe(), after.Describe());
        });
        return SeeOther.To(Settings + "?done=saved");
    }
}
