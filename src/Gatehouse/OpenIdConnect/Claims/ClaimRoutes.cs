using Gatehouse.Accounts.Groups;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.OpenIdConnect.Claims;

/// <summary>The page of a client's claims and roles.</summary>
internal static class ClaimRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/clients/{id}/claims", (HttpContext http, string id, Visit visit) => Show(http, id, null, visit.Query?["done"] == "saved")).For(Access.Admin);
        routes.MapPost("/admin/clients/{id}/claims", (HttpContext http, string id, Visit visit, ChangeClaimPlan plan) =>
            Change(http, id, (sql, client) => plan.SetRule(sql, client, Read(visit.Form), http.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/clients/{id}/claims/remove", (HttpContext http, string id, Visit visit, ChangeClaimPlan plan) =>
            Change(http, id, async (sql, client) =>
            {
                await plan.RemoveRule(sql, client, visit.Form["claim"] ?? "", http.Actor());
                return Done.It;
            })).For(Access.Admin, recent: true);
        routes.MapPost("/admin/clients/{id}/claims/roles", (HttpContext http, string id, Visit visit, ChangeClaimPlan plan) =>
            Change(http, id, (sql, client) => plan.AddRole(sql, client, visit.Form["role"] ?? "", visit.Form["role_group"] ?? "", http.Actor()))).For(Access.Admin, recent: true);
        routes.MapPost("/admin/clients/{id}/claims/roles/remove", (HttpContext http, string id, Visit visit, ChangeClaimPlan plan) =>
            Change(http, id, async (sql, client) =>
            {
                await plan.RemoveRole(sql, client, visit.Form["role"] ?? "", visit.Form["role_group"] ?? "", http.Actor());
                return Done.It;
            })).For(Access.Admin, recent: true);
    }

    private static ClaimRule Read(StrictParameters form) => Rule(form.Text("claim") ?? "", form["source"] switch
    {
        "custom" => ClaimSource.Custom + (form.Text("custom") ?? ""),
        "fixed" => ClaimSource.Fixed + (form.Text("custom") ?? ""),
        var word => word ?? "",
    }, form["shape"] ?? "auto", form.Has("in_access_token"));

    /// <summary>Groups and roles are lists unless said otherwise.</summary>
    internal static ClaimRule Rule(string claim, string source, string shape, bool inAccessToken) => new()
    {
        Claim = claim,
        Source = source,
        Shape = shape != "auto" ? shape : source is ClaimSource.Groups or ClaimSource.AllowedGroups or ClaimSource.Roles ? ClaimShape.List : ClaimShape.Text,
        InAccessToken = inAccessToken,
    };

    private static async Task<IResult> Change(HttpContext http, string id, Func<Sql, Client, Task<Outcome<Done>>> act)
    {
        var outcome = await http.RequestServices.GetRequiredService<Database>().Write(async sql =>
            await ClientStore.Find(sql, id) is { DeletedAt: null } client ? await act(sql, client) : (Outcome<Done>?)null);
        if (outcome is not { } told) return http.RequestServices.GetRequiredService<Refuse>().NotFound(http);
        return told.Passed(out _, out var refusal) ? SeeOther.To($"/admin/clients/{id}/claims?done=saved") : await Show(http, id, refusal as ClaimMappingInvalid, false);
    }

    private static async Task<IResult> Show(HttpContext http, string id, ClaimMappingInvalid? fault, bool done)
    {
        var services = http.RequestServices;
        var texts = services.GetRequiredService<Texts>();
        var found = await services.GetRequiredService<Database>().Read(async sql => (Client: await ClientStore.Find(sql, id), Plan: await ClaimPlanStore.Of(sql, id), Groups: await GroupStore.All(sql)));
        if (found.Client is not { DeletedAt: null } client) return services.GetRequiredService<Refuse>().NotFound(http);
        return new RazorComponentResult<ClaimsPage>(new
        {
            Client = client,
            found.Plan,
            found.Groups,
            Errors = fault is null ? null : (IReadOnlyList<FieldError>)[new(fault.Field, $"{texts[fault.Facts.Public]} ({fault.Evidence})")],
            Typed = fault is null ? null : services.GetRequiredService<Visit>().Form,
            Done = done,
        })
        { StatusCode = fault is null ? 200 : 400 };
    }
}
