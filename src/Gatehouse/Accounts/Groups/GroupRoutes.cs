using System.Globalization;
using Gatehouse.Accounts.CustomClaims;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.Accounts.Groups;

/// <summary>Settings > Administration > User groups.</summary>
internal static class GroupRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/groups", (HttpContext http, Visit _) => List(http)).For(Access.Admin);
        routes.MapPost("/admin/groups", Create).For(Access.Admin, recent: true);
        routes.MapGet("/admin/groups/{id}", (HttpContext http, string id) => Show(http, id)).For(Access.Admin);
        routes.MapPost("/admin/groups/{id}", Rename).For(Access.Admin, recent: true);
        routes.MapPost("/admin/groups/{id}/delete", Delete).For(Access.Admin, recent: true);
        routes.MapPost("/admin/groups/{id}/members/add", (HttpContext http, string id, Visit visit, AddMember add) =>
            Then(http, id, "joined", add.Run(id, visit.Form["user"] ?? "", visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/groups/{id}/members/remove", (HttpContext http, string id, Visit visit, RemoveMember remove) =>
            Then(http, id, "left", remove.Run(id, visit.Form["user"] ?? "", visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/groups/{id}/claims", (HttpContext http, string id, Visit visit, ChangeCustomClaims claims) =>
            Then(http, id, "saved", claims.SetOnGroup(id, visit.Form["custom_name"], visit.Form["custom_value"], visit.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/groups/{id}/claims/remove", (HttpContext http, string id, Visit visit, ChangeCustomClaims claims) =>
            Then(http, id, "saved", claims.RemoveFromGroup(id, visit.Form["custom_name"] ?? "", visit.Actor()))).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> List(HttpContext http, FormFault? fault = null)
    {
        var visit = http.RequestServices.GetRequiredService<Visit>();
        var search = visit.Query?.Text("q") is { Length: <= 200 } q ? q : "";
        var page = UserQuestion.PageOf(visit.Query);
        var (lines, total) = await http.RequestServices.GetRequiredService<FindGroups>().Run(search, page);
        return new RazorComponentResult<GroupsPage>(new
        {
            Search = search,
            Page = page,
            Lines = lines,
            Total = total,
            Fault = fault,
            TypedName = fault is null ? null : visit.Form["name"],
            TypedDescription = fault is null ? null : visit.Form["description"],
            Deleted = visit.Query?["done"] == "deleted",
        })
        { StatusCode = fault?.Status ?? 200 };
    }

    private static async Task<IResult> Create(HttpContext http, Visit visit, CreateGroup create) =>
        (await create.Run(visit.Form["name"], visit.Form["description"], visit.Actor())).Passed(out var group, out var refusal)
            ? SeeOther.To($"/admin/groups/{group.Id}?done=created")
            : await List(http, FormFault.Of(http, refusal));

    private static async Task<IResult> Rename(HttpContext http, string id, Visit visit, RenameGroup rename)
    {
        var version = long.TryParse(visit.Form["row_version"], NumberStyles.None, CultureInfo.InvariantCulture, out var v) ? v : 0;
        return (await rename.Run(id, version, visit.Form["name"], visit.Form["description"], visit.Actor())).Passed(out _, out var refusal)
            ? SeeOther.To($"/admin/groups/{id}?done=saved")
            : await Show(http, id, FormFault.Of(http, refusal));
    }

    private static async Task<IResult> Delete(HttpContext http, string id, Visit visit, DeleteGroup delete) =>
        (await delete.Run(id, visit.Form["confirm"], visit.Actor())).Passed(out _, out var refusal)
            ? SeeOther.To("/admin/groups?done=deleted")
            : await Show(http, id, FormFault.Of(http, refusal));

    private static async Task<IResult> Then<T>(HttpContext http, string id, string done, Task<Outcome<T>> act) =>
        (await act).Passed(out _, out var refusal) ? SeeOther.To($"/admin/groups/{Uri.EscapeDataString(id)}?done={done}") : await Show(http, id, FormFault.Of(http, refusal));

    private static async Task<IResult> Show(HttpContext http, string id, FormFault? fault = null)
    {
        var services = http.RequestServices;
        var visit = services.GetRequiredService<Visit>();
        if (await services.GetRequiredService<Database>().Read(sql => GroupStore.Find(sql, id)) is not { } group) return services.GetRequiredService<Refuse>().NotFound(http);
        var page = UserQuestion.PageOf(visit.Query);
        var (members, total) = await services.GetRequiredService<FindGroups>().Members(id, page);
        var search = visit.Query?.Text("q") is { Length: <= 200 } q ? q : null;
        var candidates = search is null ? null : (await services.GetRequiredService<FindUsers>().Run(new(search, "", "name", false, 1, NotInGroup: id), pageSize: 20)).Lines;
        return new RazorComponentResult<GroupPage>(new
        {
            Group = group,
            Members = members,
            Total = total,
            Page = page,
            Search = search,
            Candidates = candidates,
            Done = visit.Query?["done"],
            Fault = fault,
            Typed = fault is null ? null : visit.Form,
        })
        { StatusCode = fault?.Status ?? 200 };
    }
}
