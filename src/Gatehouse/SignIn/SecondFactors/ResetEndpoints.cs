using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.SignIn.SecondFactors;

/// <summary>What admins do about the second factors of others.</summary>
internal static class ResetEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/admin/users/{id}/second-factors/reset", (HttpContext http, string id, Visit visit, ResetFactors resets, Refuse refuse) =>
            Answer(http, id, refuse, resets.Ask(id, CheckOf(visit), http.Granted().User.Id, http.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/second-factors/approve", (HttpContext http, string id, ResetFactors resets, Refuse refuse) =>
            Answer(http, id, refuse, resets.Approve(id, http.Granted().User.Id, http.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/second-factors/withdraw", async (HttpContext http, string id, ResetFactors resets) =>
        {
            await resets.Withdraw(id, http.Actor());
            return SeeOther.To($"/admin/users/{Uri.EscapeDataString(id)}");
        }).For(Access.Admin, recent: true);
        routes.MapPost("/admin/users/{id}/access-pass", MakePass).For(Access.Admin, recent: true);
    }

    private static IdentityCheck CheckOf(Visit visit) => new(visit.Form["method"] ?? "", visit.Form.Text("note") ?? "");

    private static async Task<IResult> Answer(HttpContext http, string id, Refuse refuse, Task<Outcome<bool>> act) => (await act).Passed(out _, out var refusal)
        ? SeeOther.To($"/admin/users/{Uri.EscapeDataString(id)}")
        : refusal is Accounts.NoSuchUser ? refuse.NotFound(http) : refuse.Page(http, refusal, $"/admin/users/{Uri.EscapeDataString(id)}", "Back to the user");

    private static async Task<IResult> MakePass(HttpContext http, string id, Visit visit, ResetFactors resets, Database database, Refuse refuse)
    {
        if (await database.Read(sql => UserStore.Find(sql, id)) is not { } user) return refuse.NotFound(http);
        return (await resets.MakePass(id, CheckOf(visit), http.Granted().User.Id, http.Actor())).Passed(out var code, out var refusal)
            ? new RazorComponentResult<AccessPassPage>(new { User = user, Code = code })
            : refuse.Page(http, refusal, $"/admin/users/{user.Id}", "Back to the user");
    }
}
