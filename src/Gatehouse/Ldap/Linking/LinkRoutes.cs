using Gatehouse.Accounts;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.Ldap.Linking;

/// <summary>What the card of the directory on a user's page posts to.</summary>
internal static class LinkRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/admin/users/{id}/directory/link", async (HttpContext http, string id, Visit visit, LinkAccount link) => Then(http, id, (await link.Link(id, visit.Form["dn"] ?? "", visit.Actor(), http.RequestAborted)).Refusal)).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/directory/unlink", async (HttpContext http, string id, Visit visit, LinkAccount link) => Then(http, id, (await link.Unlink(id, visit.Actor())).Refusal)).For(Access.Admin, recent: true);
    }

    private static IResult Then(HttpContext http, string id, Refusal? refusal) => refusal is null
        ? SeeOther.To($"/admin/users/{Uri.EscapeDataString(id)}?done=saved")
        : http.RequestServices.GetRequiredService<Refuse>().Page(http, refusal, refusal is NoSuchUser ? "/admin/users" : $"/admin/users/{Uri.EscapeDataString(id)}", "Back");
}
