using System.Globalization;
using Gatehouse.Accounts.CustomClaims;
using Gatehouse.Accounts.Groups;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Accounts.Users;

/// <summary>Settings > Administration > Users.</summary>
internal static class UserRoutes
{
    private const int MostAtOnce = 50;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/users", List).For(Access.Admin);
        routes.MapGet("/admin/users/new", IResult () => new RazorComponentResult<NewUserPage>()).For(Access.Admin);
        routes.MapPost("/admin/users/new", Create).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/bulk", Bulk).For(Access.Admin, recent: true);
        routes.MapGet("/admin/users/{id}", (HttpContext http, string id) => Show(http, id)).For(Access.Admin);
        routes.MapPost("/admin/users/{id}", Edit).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/disable", (HttpContext http, string id, Visit visit, DisableUser disable) =>
            Then(http, id, "disabled", disable.Run(id, visit.Form.Text("reason"), visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/enable", (HttpContext http, string id, Visit visit, EnableUser enable) =>
            Then(http, id, "enabled", enable.Run(id, visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/delete", (HttpContext http, string id, Visit visit, DeleteUser delete) =>
            Then(http, id, "deleted", delete.Run(id, visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/undelete", (HttpContext http, string id, Visit visit, UndoDeleteUser undo) =>
            Then(http, id, "undeleted", undo.Run(id, visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/role", Promote).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/groups/add", (HttpContext http, string id, Visit visit, AddMember add) =>
            Then(http, id, "joined", add.Run(visit.Form["group"] ?? "", id, visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/groups/remove", (HttpContext http, string id, Visit visit, RemoveMember remove) =>
            Then(http, id, "left", remove.Run(visit.Form["group"] ?? "", id, visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/claims", (HttpContext http, string id, Visit visit, ChangeCustomClaims claims) =>
            Then(http, id, "saved", claims.SetOnUser(id, visit.Form["custom_name"], visit.Form["custom_value"], visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/claims/remove", (HttpContext http, string id, Visit visit, ChangeCustomClaims claims) =>
            Then(http, id, "saved", claims.RemoveFromUser(id, visit.Form["custom_name"] ?? "", visit.Actor()))).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> List(Visit visit, FindUsers find)
    {
        var question = UserQuestion.From(visit.Query);
        var (lines, total) = await find.Run(question);
        return new RazorComponentResult<UsersPage>(new { Question = question, Lines = lines, Total = total, Done = Number(visit, "done"), Refused = Number(visit, "refused"), Act = visit.Query?["act"] });
    }

    private static async Task<IResult> Create(HttpContext http, Visit visit, CreateUser create)
    {
        var form = visit.Form;
        var wanted = new NewUser(form.Text("email") ?? "", form.Text("user_name"), form.Text("display_name"), form.Text("given_name"), form.Text("family_name"));
        if ((await create.Run(wanted, visit.Actor())).Passed(out var user, out var refusal)) return SeeOther.To($"/admin/users/{user.Id}?done=created");
        var fault = FormFault.Of(http, refusal);
        return new RazorComponentResult<NewUserPage>(new { Typed = wanted, Fault = fault }) { StatusCode = fault.Status };
    }

    private static async Task<IResult> Edit(HttpContext http, string id, Visit visit, EditUser edit)
    {
        var form = visit.Form;
        var typed = new UserEdit(form["user_name"] ?? "", form["email"] ?? "", form["display_name"] ?? "", form["given_name"], form["family_name"]);
        var version = long.TryParse(form["row_version"], NumberStyles.None, CultureInfo.InvariantCulture, out var v) ? v : 0;
        if ((await edit.Run(id, version, typed, visit.Actor())).Passed(out _, out var refusal)) return SeeOther.To($"/admin/users/{id}?done=saved");
        return await Show(http, id, FormFault.Of(http, refusal), typed);
    }

    private static async Task<IResult> Promote(HttpContext http, string id, Visit visit, PromoteUser promote)
    {
        var role = visit.Form["role"];
        if (role is not (Role.User or Role.Viewer or Role.Admin)) return await Show(http, id);
        return await Then(http, id, "role", promote.Run(id, role, visit.Actor()));
    }

    private static async Task<IResult> Then<T>(HttpContext http, string id, string done, Task<Outcome<T>> act) =>
        (await act).Passed(out _, out var refusal) ? SeeOther.To($"/admin/users/{Uri.EscapeDataString(id)}?done={done}") : await Show(http, id, FormFault.Of(http, refusal));

    /// <summary>Each user is its own write: the rule about the last admin refuses that one and lets the others pass.</summary>
    private static async Task<IResult> Bulk(HttpContext http, Visit visit, DisableUser disable, EnableUser enable, DeleteUser delete, Refuse refuse)
    {
        var actor = visit.Actor();
        var act = visit.Form["act"];
        var (done, refused) = (0, 0);
        foreach (var id in visit.Form.Values("id").Distinct(StringComparer.Ordinal).Take(MostAtOnce))
        {
            var outcome = act switch
            {
                "disable" => await disable.Run(id, visit.Form.Text("reason"), actor),
                "enable" => await enable.Run(id, actor),
                "delete" => await delete.Run(id, actor),
                _ => new NoSuchUser(id),
            };
            if (outcome.Passed(out _, out var refusal)) done++;
            else
            {
                refused++;
                if (refusal is LastAdmin) refuse.Record(http, refusal);
            }
        }
        return SeeOther.To(string.Create(CultureInfo.InvariantCulture, $"/admin/users?done={done}&refused={refused}&act={(act is "disable" or "enable" or "delete" ? act : "none")}"));
    }

    private static async Task<IResult> Show(HttpContext http, string id, FormFault? fault = null, UserEdit? typed = null)
    {
        var services = http.RequestServices;
        var found = await services.GetRequiredService<Database>().Read(async sql => (
            User: await UserStore.Find(sql, id),
            In: await GroupStore.Of(sql, id),
            All: await GroupStore.All(sql)));
        if (found.User is not { } user) return services.GetRequiredService<Refuse>().NotFound(http);
        return new RazorComponentResult<UserPage>(new
        {
            User = user,
            Locked = await LockedFields.For(services.GetServices<ILockedFields>(), user),
            In = found.In,
            Others = (IReadOnlyList<GroupRef>)[.. found.All.Where(g => found.In.All(i => i.Id != g.Id)).Select(g => g.Ref)],
            Done = services.GetRequiredService<Visit>().Query?["done"],
            Fault = fault,
            Typed = typed,
        })
        { StatusCode = fault?.Status ?? 200 };
    }

    private static int? Number(Visit visit, string name) =>
        int.TryParse(visit.Query?[name], NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : null;
}
