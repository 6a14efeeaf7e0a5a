using System.Globalization;
using Gatehouse.Accounts.Groups;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Consents;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Web;
using Gatehouse.Web.Parts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>Settings > Administration > OIDC Clients, and My apps.</summary>
internal static class ClientRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", Apps).For(Access.User);
        routes.MapGet("/apps", Apps).For(Access.User);
        routes.MapGet("/admin/clients", List).For(Access.Admin);
        routes.MapGet("/admin/clients/new", IResult () => new RazorComponentResult<NewClientPage>(new { Draft = new ClientDraft() })).For(Access.Admin);
        routes.MapPost("/admin/clients/new", AskWho).For(Access.Admin, recent: true);
        routes.MapPost("/admin/clients", Create).For(Access.Admin, recent: true);
        routes.MapGet("/admin/clients/{id}", (HttpContext http, string id, Visit visit) => Show(http, id, visit.Query?["done"])).For(Access.Admin);
        routes.MapPost("/admin/clients/{id}", Save).For(Access.Admin, recent: true);
        routes.MapPost("/admin/clients/{id}/secrets", AddSecret).For(Access.Admin, recent: true);
        routes.MapPost("/admin/clients/{id}/secrets/revoke", RevokeSecret).For(Access.Admin, recent: true);
        routes.MapPost("/admin/clients/{id}/state", Switch).For(Access.Admin, recent: true);
        routes.MapPost("/admin/clients/{id}/notices/{notice}/again", async (HttpContext http, string id, string notice, Database database, TimeProvider clock, Refuse refuse) =>
            await database.Write(sql => Logout.LogoutNotices.Again(sql, id, notice, clock.Now())) ? SeeOther.To($"/admin/clients/{id}?done=again") : refuse.NotFound(http)).For(Access.Admin, recent: true);
        routes.MapPost("/admin/clients/{id}/delete", Delete).For(Access.Admin, recent: true);
    }

    private static async Task<IResult> Apps(HttpContext http, Visit visit, Database database)
    {
        var user = http.Granted().User;
        var (apps, withAccess) = await database.Read(async sql => (await ClientStore.Openable(sql, user.Id), await ConsentStore.Of(sql, user)));
        return new RazorComponentResult<AppsPage>(new { Apps = apps, WithAccess = withAccess, Removed = visit.Query?["done"] == "removed" });
    }

    private static async Task<IResult> List(Visit visit, FindClients find)
    {
        var search = visit.Query?.Text("q") is { Length: <= 200 } q ? q : "";
        var order = visit.Query?["sort"] is { } sort && FindClients.Orders.ContainsKey(sort) ? sort : "name";
        var page = int.TryParse(visit.Query?["page"], NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is > 0 and < 100_000 ? n : 1;
        var (lines, total) = await find.Run(search, order, page);
        return new RazorComponentResult<ClientsPage>(new { Search = search, Order = order, Page = page, Lines = lines, Total = total, Deleted = visit.Query?["done"] == "deleted" });
    }

    /// <summary>The second step: nothing is stored before "Who may use it?" is answered.</summary>
    private static async Task<IResult> AskWho(Visit visit, Texts texts, Database database)
    {
        var draft = ClientForm.Read(visit.Form) with { Restricted = false };
        var faults = SaveClient.Faults(draft);
        return faults.Count > 0
            ? new RazorComponentResult<NewClientPage>(new { Draft = draft, Errors = ClientForm.Errors(faults, texts) }) { StatusCode = 400 }
            : await WhoPage(visit, draft, [], database);
    }

    private static async Task<RazorComponentResult<WhoMayUsePage>> WhoPage(Visit visit, ClientDraft draft, IReadOnlyList<FieldError> errors, Database database) =>
        new(new
        {
            draft.Name,
            Carried = visit.Form.All.Where(p => ClientForm.Fields.Contains(p.Key)).ToArray(),
            Groups = await database.Read(GroupStore.All),
            Chosen = draft.GroupIds,
            Choice = visit.Form["access"],
            Errors = errors,
        })
        { StatusCode = errors.Count > 0 ? 400 : 200 };

    private static async Task<IResult> Create(HttpContext http, Visit visit, Texts texts, Database database, SaveClient save)
    {
        var draft = ClientForm.Read(visit.Form);
        var saved = await database.Write(sql => save.Create(sql, draft, http.Actor()));
        if (saved.Client is { } client)
            return saved.Secret is null ? SeeOther.To($"/admin/clients/{client.Id}?done=created") : await Show(http, client.Id, "created", secret: saved.Secret);
        var errors = ClientForm.Errors(saved.Faults, texts);
        return saved.Faults.All(f => f.Field == "groups") ? await WhoPage(visit, draft, errors, database)
            : new RazorComponentResult<NewClientPage>(new { Draft = draft, Errors = errors }) { StatusCode = 400 };
    }

    private static async Task<IResult> Save(HttpContext http, string id, Visit visit, Texts texts, Database database, SaveClient save, Refuse refuse)
    {
        if (await database.Read(sql => ClientStore.Find(sql, id)) is not { DeletedAt: null } before) return refuse.NotFound(http);
        var draft = ClientForm.Read(visit.Form);
        var saved = await database.Write(sql => save.Change(sql, id, ClientForm.RowVersion(visit.Form), draft, http.Actor()));
        if (saved.Client is not null) return SeeOther.To($"/admin/clients/{id}?done=saved");
        // A case only when another admin was in the way; a mistake of typing is told beside its field.
        var reference = saved.Faults.FirstOrDefault(f => f.Refusal is ClientChangedMeanwhile) is { } conflict ? refuse.Record(http, conflict.Refusal).Text : null;
        return await Show(http, id, null, draft: draft, errors: ClientForm.Errors(saved.Faults, texts), reference: reference, theirs: saved.Current, status: saved.Current is null ? 400 : 409);
    }

    private static async Task<IResult> AddSecret(HttpContext http, string id, Visit visit, Database database, ClientSecrets secrets, TimeProvider clock, Refuse refuse)
    {
        long? expires = visit.Form["days"] is { } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is > 0 and <= 3650
            ? clock.Now() + days * 86_400_000L : null;
        var secret = await database.Write(async sql =>
        {
            if (await ClientStore.Find(sql, id) is not { DeletedAt: null, HasSecret: true } client) return null;
            return visit.Form["overlap"] == "day"
                ? await secrets.Rotate(sql, client, TimeSpan.FromHours(24), expires, http.Actor())
                : await secrets.Add(sql, client, expires, http.Actor());
        });
        return secret is null ? refuse.NotFound(http) : await Show(http, id, null, secret: secret);
    }

    private static async Task<IResult> RevokeSecret(HttpContext http, string id, Visit visit, Database database, ClientSecrets secrets, Refuse refuse)
    {
        var found = await database.Write(async sql =>
        {
            if (await ClientStore.Find(sql, id) is not { DeletedAt: null } client) return false;
            await secrets.Revoke(sql, client, visit.Form["secret"] ?? "", http.Actor());
            return true;
        });
        return found ? SeeOther.To($"/admin/clients/{id}?done=revoked") : refuse.NotFound(http);
    }

    private static async Task<IResult> Switch(HttpContext http, string id, Visit visit, Database database, SaveClient save, Refuse refuse)
    {
        var enabled = visit.Form["enabled"] == "true";
        var found = await database.Write(async sql =>
        {
            if (await ClientStore.Find(sql, id) is not { DeletedAt: null } client) return false;
            await save.SetEnabled(sql, client, enabled, http.Actor());
            return true;
        });
        return found ? SeeOther.To($"/admin/clients/{id}?done={(enabled ? "enabled" : "disabled")}") : refuse.NotFound(http);
    }

    private static async Task<IResult> Delete(HttpContext http, string id, Visit visit, Texts texts, Database database, SaveClient save, Refuse refuse)
    {
        if (await database.Read(sql => ClientStore.Find(sql, id)) is not { DeletedAt: null } client) return refuse.NotFound(http);
        if (visit.Form.Text("confirm") is var typed && typed != client.Name)
            return await Show(http, id, null, errors: ClientForm.Errors([new("confirm", new ConfirmationDiffers(client.Ref, typed?.Length ?? 0))], texts), status: 400);
        var deleted = await database.Write(async sql => await ClientStore.Find(sql, id) is { DeletedAt: null } now && await save.Delete(sql, now, http.Actor()));
        return SeeOther.To(deleted ? "/admin/clients?done=deleted" : $"/admin/clients/{id}");
    }

    private static async Task<IResult> Show(HttpContext http, string id, string? done, string? secret = null, ClientDraft? draft = null,
        IReadOnlyList<FieldError>? errors = null, string? reference = null, Client? theirs = null, int status = 200)
    {
        var (client, groups, apis) = await http.RequestServices.GetRequiredService<Database>().Read(async sql => (await ClientStore.Find(sql, id), await GroupStore.All(sql), await ApiStore.All(sql)));
        if (client is not { DeletedAt: null }) return http.RequestServices.GetRequiredService<Refuse>().NotFound(http);
        return new RazorComponentResult<ClientPage>(new
        {
            Client = client,
            AllGroups = groups,
            Apis = apis,
            Draft = draft ?? ClientDraft.Of(client),
            Done = done,
            Secret = secret,
            Errors = errors,
            Reference = reference,
            Differences = theirs is null || draft is null ? null
                : SaveClient.Compare(client, SaveClient.Apply(client, draft, [.. groups.Where(g => draft.GroupIds.Contains(g.Id)).Select(g => g.Ref)])),
        })
        { StatusCode = status };
    }
}
