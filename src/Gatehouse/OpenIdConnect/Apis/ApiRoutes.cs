using System.Globalization;
using Gatehouse.Accounts.Groups;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.OpenIdConnect.Apis;

/// <summary>Settings > Administration > APIs.</summary>
internal static class ApiRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/admin/apis", List).For(Access.Admin);
        routes.MapGet("/admin/apis/new", IResult () => new RazorComponentResult<NewApiPage>(new { Draft = new ApiDraft() })).For(Access.Admin);
        routes.MapPost("/admin/apis", Create).For(Access.Admin, recent: true);
        routes.MapGet("/admin/apis/{id}", (HttpContext http, string id, Visit visit) => Show(http, id, visit.Query?["done"])).For(Access.Admin);
        routes.MapPost("/admin/apis/{id}", Save).For(Access.Admin, recent: true);
        routes.MapPost("/admin/apis/{id}/grant", (HttpContext http, string id, Visit visit) => Grant(http, id, visit, give: true)).For(Access.Admin, recent: true);
        routes.MapPost("/admin/apis/{id}/withdraw", (HttpContext http, string id, Visit visit) => Grant(http, id, visit, give: false)).For(Access.Admin, recent: true);
        routes.MapPost("/admin/apis/{id}/delete", Delete).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> List(Visit visit, Database database) =>
        new RazorComponentResult<ApisPage>(new { Apis = await database.Read(ApiStore.All), Deleted = visit.Query?["done"] == "deleted" });

    private static async Task<IResult> Create(HttpContext http, Visit visit, Texts texts, Database database, SaveApi save)
    {
        var draft = Read(visit.Form);
        var (api, faults) = await database.Write(sql => save.Create(sql, draft, http.Actor()));
        return api is null
            ? new RazorComponentResult<NewApiPage>(new { Draft = draft, Errors = Errors(faults, texts) }) { StatusCode = 400 }
            : SeeOther.To($"/admin/apis/{api.Id}?done=created");
    }

    private static async Task<IResult> Save(HttpContext http, string id, Visit visit, Texts texts, Database database, SaveApi save, Refuse refuse)
    {
        var draft = Read(visit.Form) with { Enabled = visit.Form.Has("enabled") };
        var version = long.TryParse(visit.Form["row_version"], NumberStyles.None, CultureInfo.InvariantCulture, out var v) ? v : 0;
        var (found, faults) = await database.Write(async sql =>
            await ApiStore.Find(sql, id) is { } api ? (true, (await save.Change(sql, api, version, draft, http.Actor())).Faults) : (false, []));
        if (!found) return refuse.NotFound(http);
        if (faults.Count == 0) return SeeOther.To($"/admin/apis/{id}?done=saved");
        var conflict = faults.FirstOrDefault(f => f.Refusal is ApiChangedMeanwhile);
        return await Show(http, id, null, draft, Errors(faults, texts), conflict is null ? null : refuse.Record(http, conflict.Refusal).Text, conflict is null ? 400 : 409);
    }

    private static async Task<IResult> Grant(HttpContext http, string id, Visit visit, bool give)
    {
        var services = http.RequestServices;
        var save = services.GetRequiredService<SaveApi>();
        // "group 0199…", "role admin", "client 0199…"
        var holder = (visit.Form["holder"] ?? "").Split(' ', 2);
        var outcome = await services.GetRequiredService<Database>().Write(async sql =>
            await ApiStore.Find(sql, id) is not { } api ? (Outcome<Done>?)null
            : await save.Grant(sql, api, visit.Form["scope"] ?? "", holder[0], holder.Length == 2 ? holder[1] : "", give, http.Actor()));
        if (outcome is not { } done) return services.GetRequiredService<Refuse>().NotFound(http);
        return done.Passed(out _, out var refusal)
            ? SeeOther.To($"/admin/apis/{id}?done={(give ? "granted" : "withdrawn")}#scopes")
            : await Show(http, id, null, errors: Errors([new("holder", refusal)], services.GetRequiredService<Texts>()), status: 400);
    }

    private static async Task<IResult> Delete(HttpContext http, string id, Visit visit, Texts texts, Database database, SaveApi save, Refuse refuse)
    {
        if (await database.Read(sql => ApiStore.Find(sql, id)) is not { } api) return refuse.NotFound(http);
        if (visit.Form.Text("confirm") is var typed && typed != api.Name)
            return await Show(http, id, null, errors: Errors([new("confirm", new ApiNotConfirmed(api.Ref, typed?.Length ?? 0))], texts), status: 400);
        await database.Write(sql => save.Delete(sql, api, http.Actor()));
        return SeeOther.To("/admin/apis?done=deleted");
    }

    private static async Task<IResult> Show(HttpContext http, string id, string? done, ApiDraft? draft = null, IReadOnlyList<FieldError>? errors = null, string? reference = null, int status = 200)
    {
        var (api, clients, all, groups) = await http.RequestServices.GetRequiredService<Database>().Read(async sql =>
            (await ApiStore.Find(sql, id), await ApiStore.Clients(sql, id), await ClientStore.All(sql), await GroupStore.All(sql)));
        if (api is null) return http.RequestServices.GetRequiredService<Refuse>().NotFound(http);
        return new RazorComponentResult<ApiPage>(new
        {
            Api = api,
            Clients = clients,
            AllClients = all,
            AllGroups = groups,
            Draft = draft ?? ApiDraft.Of(api),
            Done = done,
            Errors = errors,
            Reference = reference,
        })
        { StatusCode = status };
    }

    private static ApiDraft Read(StrictParameters form) => new()
    {
        Identifier = form.Text("identifier") ?? "",
        Name = form.Text("name") ?? "",
        TokenFormat = form["token_format"] ?? TokenFormat.Jwt,
        Algorithm = form["algorithm"] ?? "ES256",
        TokenSeconds = int.TryParse(form.Text("minutes") ?? "5", NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) ? minutes * 60L : 0,
        IntrospectorId = form.Text("introspector"),
        Scopes = ApiDraft.ReadScopes(form["scopes"]),
    };

    private static IReadOnlyList<FieldError> Errors(IEnumerable<FieldFault> faults, Texts texts) =>
        [.. faults.Select(f => new FieldError(f.Field, $"{texts[f.Refusal.Facts.Public]} ({f.Refusal.Evidence.TrimEnd('.')})"))];
}
